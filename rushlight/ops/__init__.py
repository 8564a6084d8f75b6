"""The ops, one file per family. Each is declared once: what it computes, its gradient, its checks."""
