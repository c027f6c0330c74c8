"""The study that docs/sweep.md shows is one: it is read, and its parameter is checked at its extremes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from cosim.paths import ROOT, SCENARIOS
from cosim.studies.sweep.case import plan_of
from cosim.studies.sweep.paths import load_base
from cosim.studies.sweep.spec import load_study
from cosim.studies.sweep.study import check_parameters


def test_the_first_study_of_the_page_can_be_run(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "sweep.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    file = tmp_path / "my_study.yaml"
    file.write_text(block, encoding="utf-8")
    shutil.copy(SCENARIOS / "road_hour.yaml", tmp_path / "my_hour.yaml")
    study = load_study(file)
    check_parameters(study, plan_of(study, load_base(study, file), tmp_path, "", str(file)), file)
    assert study.count == 4
    assert [output.name for output in study.outputs] == ["end_soc", "charge_Ah"]
