"""Measurements, each next to its baselines in the same run: README.md says what and how to read it.

A folder is a measurement: m1_publish is M1. Its measure.py has TITLE and measure(); every contender is a module
of its own. Modules of contenders with a virtual environment of their own import nothing of the project.
"""
