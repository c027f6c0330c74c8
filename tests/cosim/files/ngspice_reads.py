"""An independent reader of raw files: libngspice's own `load`, in a process of its own.

    python ngspice_reads.py FILE.raw OUT.npz [COMMAND ...]

OUT holds the vectors by name, their kinds (`kind NAME`), and what ngspice said (`said`).
"""

from __future__ import annotations

import ctypes
import sys

import numpy as np

from cosim.spice.library import find_library


class Vector(ctypes.Structure):
    """`vector_info` of ngspice's sharedspice.h."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("kind", ctypes.c_int), ("flags", ctypes.c_short),
        ("real", ctypes.POINTER(ctypes.c_double)), ("complex", ctypes.c_void_p), ("length", ctypes.c_int),
    )


def main(raw: str, out: str, *commands: str) -> None:
    said: list[str] = []

    def heard(text: bytes, ident: int, user: object) -> int:
        said.append(text.decode("utf-8", "replace"))
        return 0

    on_text = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)(heard)
    on_exit = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_bool, ctypes.c_bool, ctypes.c_int, ctypes.c_void_p)(
        lambda *told: 0)
    library = ctypes.CDLL(find_library())
    library.ngSpice_Init(on_text, None, on_exit, None, None, None, None)
    library.ngSpice_CurPlot.restype = ctypes.c_char_p
    library.ngSpice_AllVecs.restype = ctypes.POINTER(ctypes.c_char_p)
    library.ngGet_Vec_Info.restype = ctypes.POINTER(Vector)
    for command in (f"load {raw}", *commands):
        library.ngSpice_Command(command.encode())
    plot = library.ngSpice_CurPlot()
    names: list[bytes] = []
    listed = library.ngSpice_AllVecs(plot)
    while listed[len(names)]:
        names.append(listed[len(names)])
    found: dict[str, object] = {"said": "\n".join(said)}
    for name in names:
        vector = library.ngGet_Vec_Info(plot + b"." + name).contents
        found[name.decode()] = np.ctypeslib.as_array(vector.real, (vector.length,)).copy()
        found[f"kind {name.decode()}"] = vector.kind
    np.savez(out, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
