"""Physics of the plant: batteries, alternator, fuse, heat, cables and the engine that turns the alternator.

The package has three kinds of content.

* *Functions.* Pure functions of (state, inputs, parameters). They return new values and never change their
  arguments. All of them compile with numba (:func:`models.compiled.compiled`), so one and the same function
  serves a test by hand, the compiled slow engine and the callbacks of a SPICE window. Pass floats, not ints:
  each new combination of argument types is compiled anew.
* *Parameters and states.* Plain ``typing.NamedTuple`` of floats and float64 arrays.
* *Parameter files.* ``models/parameters/*.yaml``. Each entry carries value, unit, source and status; see
  :mod:`models.parameter_file`.

Conventions: positive current charges a battery; temperatures are in degC; the unit is in the name; time steps
are in seconds. `name_or_path` is the name of a shipped parameter file (``fuse_mega``) or the path of one, `soc` a state
of charge (0..1), `state` and `p` are the state and the parameters of the module's own kind. Every ``step`` holds its
inputs constant over the step and is exact for the linear part of the model.

Modules: ``cell`` and ``bank`` (12.8 V LFP batteries in parallel; ``bank_types``, ``bank_work``, ``bank_tick``),
``starter_battery`` (lead acid), ``alternator``, ``fuse``, ``heat`` (device networks and the box), ``cable``, ``engine``
(drive profiles, cranking), ``linear`` (the exact steps they share), ``parameter_file`` and ``compiled``. Importing the
package does no work.
"""
