"""Compare waveforms: golden and result, or measured and simulated.

`recording.read` reads either side, `tolerances.load_tolerances` says how far they may differ, `comparison.compare`
judges them with the tube of `tube`, and `report` writes what came out as JSON, HTML and pictures.
"""
