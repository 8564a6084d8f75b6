"""Values, primitives, views of storages, and the recorder that gathers them into steps."""
