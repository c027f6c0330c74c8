"""The page of a live run: a Panel object, for a server and for notebook cells alike.

`overview` writes what is known at a glance as HTML, `waves` draws curves over time and windows, `forms` turns the
scenario's own models into input fields, `operating` sends what a person does, `page` puts it together for one viewer.
"""

from cosim.live.page.page import LivePage, live_view

__all__ = ["LivePage", "live_view"]
