"""torch._tensor_str: the printing options under the name that programs know."""
from .tensor.printing import PRINT_OPTS, get_printoptions, printoptions, set_printoptions  # noqa: F401
