"""Study files: which scenario is run how often, with what changed, and what is kept of each run.

Read safely and checked like a scenario: whatever is wrong is one `InputError` with file, field, value and what is
allowed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from cosim.errors import nearest
from cosim.scenario.base import STRICT, Name
from cosim.scenario.problems import one_line
from cosim.scenario.reading import read_mapping, require_kind
from cosim.studies.sweep.distributions import Choice, Listed, Parameter
from cosim.studies.sweep.outputs import Output

MOST_CASES = 1_000_000


class _Strict(BaseModel):
    model_config = STRICT


class Axes(_Strict):
    """A curve or scatter of the report: output over a parameter, one colour for each value of another (`by`)."""

    y: Name
    x: str
    by: str | None = None


class Study(_Strict):
    """A study: a `description`, which `parameters` are varied, which `outputs` kept, and what `plots` show.

    `seed` is that of random draws; a grid draws nothing and needs none.
    `scenario` is a scenario file, seen from the study's folder, or a scenario written in place. `cases` is their
    number, for a grid left out. With `windows: false` the slow engine alone runs. `keep: waveforms` saves each case's
    result directory. `worst` names the output whose highest (or lowest) case is written as a scenario of its own.
    """

    name: Name
    description: str = ""
    scenario: str | dict[str, Any]
    method: Literal["grid", "monte_carlo", "latin_hypercube", "sobol"]
    cases: Annotated[int, Field(ge=1, le=MOST_CASES)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    parameters: list[Parameter] = Field(min_length=1, max_length=60)
    outputs: list[Output] = Field(min_length=1, max_length=200)
    windows: bool = True
    keep: Literal["outputs", "waveforms"] = "outputs"
    worst: dict[Name, Literal["highest", "lowest"]] = {}
    plots: list[Axes] = Field(default=[], max_length=40)

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        for what, names in (("parameters", self.parameter_names), ("outputs", self.output_names)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"names of {what} must differ, {twice[0]} is there twice")
        both = sorted({*self.parameter_names} & {*self.output_names} | {*self.output_names} & {"case", "error"})
        if both:
            raise ValueError(f"an output may not be called {both[0]}: that is another column")
        self._check_method()
        for output in self.worst:
            _known(output, self.output_names, "worst")
        for axes in self.plots:
            _known(axes.y, self.output_names, "plots: y")
            _known(axes.x, self.parameter_names + self.output_names, "plots: x")
            if axes.by is not None:
                _known(axes.by, self.parameter_names, "plots: by")
        return self

    def _check_method(self) -> None:
        random = any(not isinstance(p, Listed) for p in self.parameters)
        if self.method == "grid":
            if self.cases is not None or self.seed is not None:
                raise ValueError("a grid takes neither cases nor seed; leave them out")
            for p in self.parameters:
                if not isinstance(p, Choice | Listed) and p.points is None:
                    raise ValueError(f"a grid needs points for {p.label}")
            if self.count > MOST_CASES:
                raise ValueError(f"the grid has {self.count} cases; at most {MOST_CASES}")
            return
        if self.cases is None:
            raise ValueError(f"{self.method} needs cases, their number")
        if random and self.seed is None:
            raise ValueError(f"{self.method} needs a seed (a whole number)")
        for p in self.parameters:
            if not isinstance(p, Choice | Listed) and p.points is not None:
                raise ValueError(f"points of {p.label} belong to a grid; leave them out")
            if isinstance(p, Listed) and len(p.values) != self.cases:
                raise ValueError(f"the list {p.label} has {len(p.values)} values; one per case ({self.cases})")
        if self.method == "sobol" and self.cases & (self.cases - 1):
            below = 1 << (self.cases.bit_length() - 1)
            raise ValueError(f"sobol needs a power of two as cases: {below} or {2 * below}")

    @property
    def count(self) -> int:
        """Number of cases."""
        if self.method != "grid":
            assert self.cases is not None
            return self.cases
        number = 1
        for p in self.parameters:
            number *= len(p.values) if isinstance(p, Choice | Listed) else p.points or 1
        return number

    @property
    def parameter_names(self) -> list[str]:
        """Columns of the parameters."""
        return [p.label for p in self.parameters]

    @property
    def output_names(self) -> list[str]:
        """Columns of the outputs."""
        return [output.name for output in self.outputs]


def _known(name: str, names: list[str], where: str) -> None:
    if name not in names:
        raise ValueError(f"{where}: {name} is not a column; {nearest(name, names)}")


def load_study(path: Path | str) -> Study:
    """Read and validate the study file at `path`.

    Raises
    ------
    InputError : unreadable, no YAML, unknown key, or a value out of range; the message is one line.
    """
    file = Path(path)
    content = read_mapping(file)
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        require_kind(content, "study", str(file))
        raise one_line(error, str(file), Study) from None
