"""The conformance runner: cases from data files, played against any implementation's driver."""
