"""Looking inside: a model's layers (summary.py), the graph behind a tensor (graph_drawing.py), what the engine did (explain)."""
