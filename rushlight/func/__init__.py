"""Functions of functions: gradients, Jacobians, maps over a batch. Names as in `torch.func`."""
from rushlight.func.functional_call import functional_call, stack_module_state
from rushlight.func.gradients import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from rushlight.func.mapping import vmap

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
           "stack_module_state", "vjp", "vmap"]


def functionalize(func, *, remove="mutations"):
    raise NotImplementedError("torch.func.functionalize: rushlight has no transform that removes mutations")
