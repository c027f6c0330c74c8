"""Where each circuit stands in the product: one drawing of blocks, and the pages about the device library."""

from __future__ import annotations

from cosim.paths import netlists_folder
from docs._ext.circuit_sheets.cards import library
from docs._ext.circuit_sheets.reader import Subcircuit
from docs._ext.circuit_sheets.sheet import Sheet

SIZE, SMALL = (3.4, 1.4), (3.9, 1.4)


def overview() -> Sheet:
    """Blocks of the product and what stands around it, named after their netlists."""
    s = Sheet(Subcircuit("product", (), {}, {}, {}), "overview", "Where the circuits stand")
    y = 9.0
    s.block("alternator.cir", (0, y - 0.7), SIZE, ("alternator",))
    s.block("plant.cir", (0, y - 3.2), SIZE, ("starter battery,", "load"))
    s.wire((3.4, y), (4.2, y), (4.8, y))
    s.wire((3.4, y - 2.5), (4.2, y - 2.5), (4.2, y))
    s.block("alternator_path.cir", (4.8, y - 0.7), (4.6, 1.4), ("alternator port:", "linear or buck"))
    s.wire((9.4, y), (10.4, y), (14.6, y))
    s.net("ab", (4.5, y), "up", port=True)
    s.net("lb", (10.4, y), "up", port=True)
    s.block("plant.cir", (14.6, y - 0.7), SIZE, ("battery bank",))
    s.wire((10.4, y), (10.4, y - 2.5), (11.2, y - 2.5))
    s.block("system_path.cir", (11.2, y - 3.2), (2.4, 1.4), ("System+",))
    s.wire((13.6, y - 2.5), (14.6, y - 2.5))
    s.net("sys", (14.1, y - 2.5), "up", port=True)
    s.block("plant.cir", (14.6, y - 3.2), SIZE, ("loads, chargers,", "inverter"))
    s.wire((10.4, y - 2.5), (10.4, y - 4.2), (3.8, y - 4.2))
    s.wire((10.4, y - 4.2), (17.901, y - 4.2))
    for k, (name, lines) in enumerate((
        ("supply.cir", ("supply of", "the BMS")), ("disconnect_output.cir", ("load and charge", "disconnect")),
        ("prealarm_output.cir", ("pre-alarm",)), ("remote_input.cir", ("terminals", "L and H")),
    )):
        x = 4.7 * k
        s.wire((x + 3.8, y - 4.2), (x + 3.8, y - 5.2))
        s.block(name, (x, y - 6.6), SMALL, lines)
    s.block("bms/", (0, y - 9.4), (18, 1.4), ("supervisor (firmware): measurements in, commands out",))
    for x in (1.95, 6.65, 11.35, 16.05):
        s.wire((x, y - 6.6), (x, y - 8))
    return s


def devices_head() -> list[str]:
    """Lines of the head of `devices.lib`, up to its first card's own comment."""
    text = (netlists_folder() / "devices.lib").read_text(encoding="utf-8").splitlines()
    return [line[2:] for line in text if line.startswith("*")]


def devices_cards() -> list[tuple[str, str, str]]:
    """Name, type and values of every card."""
    return [(name, *card.split(None, 1)) for name, card in library().items()]  # type: ignore[misc]
