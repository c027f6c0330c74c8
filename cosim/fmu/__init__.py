"""The supervisor as a co-simulation unit (FMI 2.0): `bms-cosim fmu`, `cosim.fmu.build.build_fmu`.

- `variables`: what the unit takes in and gives out, as data; the model description and its documentation follow from it
- `unit`: the supervisor behind those variables: parameters, ticks, state; `serial`: that state as bytes
- `slave`: the class that pythonfmu's binary calls
- `description`: the model description with units, types and dependencies; `build`: the file; `table`: it in words
- `replay`: test vectors through the unit, with FMPy

`variables`, `unit`, `serial` and `slave` travel inside the file with a copy of `bms`: they may import nothing else of
ours.
"""
