"""Dtypes, devices, storages, generators: what everything above stands on."""
