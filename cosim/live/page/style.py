"""Colours and style sheet of the page; the colours are those of the pictures (told apart by colour-blind readers)."""

from __future__ import annotations

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, GREY, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#8C8C8C", "#000000",
)
"""Palette of Okabe and Ito; blue charges the LFP bank, vermillion discharges it or is an alarm."""
INTO, OUT, NONE = BLUE, VERMILLION, "#B5B5B5"

CSS = """
<style>
:host{display:block}
.bms{font:14px/1.35 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:#1b1f24}
.bms *{box-sizing:border-box}
.bar{display:flex;flex-wrap:wrap;gap:6px 18px;align-items:baseline;padding:2px 2px 8px}
.bar b.name{font-size:18px}.bar .t{font-variant-numeric:tabular-nums;font-size:16px}
.chip{border-radius:10px;padding:1px 9px;font-weight:600;border:1.5px solid #444;background:#fff}
.chip.run{background:#0072B2;border-color:#0072B2;color:#fff}.chip.bad{background:#D55E00;border-color:#D55E00;color:#fff}
.flow{display:flex;align-items:stretch;gap:0}
.card{border:1px solid #c9ced6;border-radius:8px;background:#fff;padding:7px 10px;min-width:0}
.flow .card{flex:1 1 0}
.card h4{margin:0 0 3px;font-size:13px;color:#39424e;font-weight:700}
.card .big{font-size:19px;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}
.card .kv{display:grid;grid-template-columns:1fr auto;gap:0 8px;font-variant-numeric:tabular-nums;font-size:13px}
.card .kv span:nth-child(even){text-align:right;white-space:nowrap}
.arrow{flex:0 0 74px;display:flex;flex-direction:column;justify-content:center;align-items:center;font-size:13px;
 font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}
.arrow .v{display:none}
.grid{display:grid;grid-template-columns:repeat(12,1fr);gap:8px;margin-top:8px}
.c3{grid-column:span 3}.c4{grid-column:span 4}.c5{grid-column:span 5}
.led{display:flex;align-items:center;gap:7px;font-size:13px}.led i{width:13px;height:13px;border-radius:50%;
 border:1.5px solid #555;display:inline-block;background:#fff}.led .s{margin-left:auto;color:#39424e}
.alarm{color:#fff;background:#D55E00;border-radius:5px;padding:1px 7px;margin:2px 4px 2px 0;
 display:inline-block;font-weight:600}
.ok{color:#00664B;font-weight:600}
table.log{border-collapse:collapse;width:100%;font-size:13px}
table.log td{border-bottom:1px solid #e3e6ea;padding:2px 7px;vertical-align:top}
table.log td.t{white-space:nowrap;font-variant-numeric:tabular-nums;text-align:right}
@media (max-width:820px){.flow{flex-direction:column}.arrow{flex:0 0 30px;flex-direction:row;gap:8px}
 .arrow .h{display:none}.arrow .v{display:block}.c3,.c4,.c5{grid-column:span 12}}
</style>
"""
