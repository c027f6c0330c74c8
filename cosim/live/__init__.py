"""A run that goes on while people look at it and operate it (K4): `bms-cosim serve`, and notebooks.

    from cosim.live.session import LiveSession
    from cosim.live.page import live_view

    session = LiveSession.start("scenarios/short_circuit.yaml", speed=1.0)
    live_view(session)          # a Panel object: shows itself in a notebook cell, or `.servable()`

- `engine`: one run, advanced piece by piece; requests are taken at its ticks; what it shows. No clock, no process.
- `pace`: how far it should be by now. `worker`: engine and pace in a process of their own, because libngspice is one
  per process. `session`: that process as its owner sees it: requests, answers, history.
- `control`: who may operate. `page`: what people see. `server`: the page on a port.
"""
