"""Identification of the cell model from measurements: ``python -m models.identify DATA_FOLDER -o FILE``.

`records` reads a data folder, `basis` holds the smooth functions, `kernels` the compiled loops, `fit` finds the
parameters, `tables` samples them into the run-time tables and simulates those, `quality` compares tables with
measurements, `parameter_text` writes the parameter file.
"""
