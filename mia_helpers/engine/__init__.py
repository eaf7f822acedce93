"""Machinery: artifacts and files, workers, progress, errors. It knows nothing of machine learning.

It may use NumPy, joblib and the standard library; no other folder of this package.
"""
