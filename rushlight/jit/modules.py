"""ScriptModule, a Module like others here."""
import rushlight as torch


class ScriptModule(torch.nn.Module):
    """The base class of modules written for TorchScript."""

    def save(self, f, **kwargs):
        torch.jit.save(self, f)
