"""Golden waveforms beside the tests: what the pytest fixture `waveform_regression` does (see `bms_cosim_pytest`)."""
