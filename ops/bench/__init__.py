"""Benchmarks, as ratios that hold on any machine."""
