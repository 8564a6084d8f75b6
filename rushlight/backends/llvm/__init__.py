"""The compiled CPU: kernels generated as LLVM IR, run by one native driver."""
