"""Forward-mode gradients, which Rushlight does not have. Source: torch.autograd.forward_ad."""


def _refuse(*args, **kwargs):
    raise NotImplementedError("rushlight has no forward-mode gradients; torch.func.jvp gives the same product by backward passes")


dual_level = make_dual = unpack_dual = enter_dual_level = exit_dual_level = _refuse
