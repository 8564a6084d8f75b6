"""A machine without a GPU: what torch.cuda and its kin answer, and how they refuse, against PyTorch's CPU build."""
import pytest
import rushlight as torch

ANSWERS = """
    T.cuda.is_available()
    T.cuda.device_count()
    T.cuda.is_initialized()
    T.cuda.is_bf16_supported()
    T.cuda.get_arch_list()
    T.cuda.get_gencode_flags()
    T.cuda.get_rng_state_all()
    T.cuda.default_generators
    T.cuda.has_half
    T.cuda.manual_seed(3)
    T.cuda.manual_seed_all(3)
    T.cuda.seed()
    T.cuda.empty_cache()
    T.cuda.memory_allocated()
    T.cuda.memory_allocated('cuda:0')
    T.cuda.max_memory_reserved(0)
    T.cuda.memory_stats()
    T.cuda.memory_stats_as_nested_dict()
    T.cuda.list_gpu_processes()
    T.cuda.set_rng_state(T.get_rng_state())
    T.cuda.set_device(-1)
    T.cuda.stream(None).__enter__()
    T.cuda.device(-1).__enter__()
    T.cuda.device_of(T.zeros(2)).__enter__()
    T.cuda.nccl.is_available([])
    isinstance(T.zeros(2), T.cuda.FloatTensor)
    T.cuda.amp.common.amp_definitely_not_available()
    T.backends.cudnn.enabled
    T.backends.cudnn.benchmark
    T.backends.cudnn.deterministic
    T.backends.cudnn.version()
    T.backends.cudnn.is_available()
    T.backends.cudnn.is_acceptable(T.zeros(2))
    T.backends.cudnn.allow_tf32
    T.backends.cuda.is_built()
    T.backends.cuda.matmul.allow_tf32
    T.backends.cuda.flash_sdp_enabled()
    T.backends.mps.is_available()
    T.backends.mps.is_built()
    T.backends.opt_einsum.is_available()
    T.backends.mha.get_fastpath_enabled()
    T.mps.is_available()
    T.mps.device_count()
    T.xpu.is_available()
    T.xpu.device_count()
    T.xpu.memory_allocated()
    T.mtia.is_available()
    T.accelerator.is_available()
    T.accelerator.device_count()
    T.accelerator.current_accelerator()
    T.accelerator.device_index(None).__enter__()
    T.cpu.is_available()
    T.cpu.device_count()
    T.cpu.current_device()
    T.cpu.synchronize()
    T.version.cuda
    T.version.hip
    T.is_vulkan_available()
    T.get_float32_matmul_precision()
    T.are_deterministic_algorithms_enabled()
    T.get_deterministic_debug_mode()
    str(T.get_default_device())
    T.set_default_device('cpu')
    T.__version__ >= (2, 0)
    T.__version__ > '1.9'
    T.__version__ < '2.2.1'
    T.torch_version.TorchVersion('1.2.3a0') < '1.2.3'
    T.torch_version.TorchVersion('1.10') > (1, 9)
    repr(T.Stream())
    repr(T.Event())
    T.jit.is_scripting()
    T.jit.is_tracing()
    T.onnx.is_in_onnx_export()
    T.compiler.is_compiling()
    T.distributed.is_available()
    T.distributed.is_initialized()
    T.distributed.is_nccl_available()
    T.distributed.is_mpi_available()
    T.distributed.get_default_backend_for_device('cuda')
"""
REFUSED = """
    T.zeros(2, device='cuda')
    T.tensor(2.0, device='cuda:1')
    T.randn(2, device=T.device('cuda'))
    T.zeros(2).cuda()
    T.zeros(2).cuda(0)
    T.zeros(2).cuda('cpu')
    T.zeros(2).to('cuda')
    T.zeros(2).to(0)
    T.zeros(2).to('mps')
    T.zeros(2).to('xpu')
    T.zeros(2).xpu()
    T.zeros(2, device=0)
    T.zeros(2, device='npu')
    T.zeros(2).pin_memory()
    T.device(0)
    T.device('cuda', -1)
    T.nn.Linear(2, 2).cuda()
    T.nn.Linear(2, 2).to('cuda')
    T.nn.Linear(2, 2, device='cuda')
    T.cuda.FloatTensor(2)
    T.cuda.LongTensor([2])
    T.cuda.current_device()
    T.cuda.get_device_name(0)
    T.cuda.get_device_properties('cuda')
    T.cuda.get_device_capability()
    T.cuda.synchronize()
    T.cuda.init()
    T.cuda.current_stream()
    T.cuda.Stream()
    T.cuda.Event()
    T.cuda.Event(enable_timing=True)
    T.cuda.device(0).__enter__()
    T.cuda.set_device('cpu')
    T.cuda.set_device('cuda')
    T.cuda.get_rng_state()
    T.cuda.mem_get_info()
    T.cuda.memory_summary()
    T.cuda.utilization()
    T.cuda.nvtx.range_push('x')
    T.cuda.profiler.start()
    T.cuda.manual_seed('a')
    T.cuda.CUDAGraph()
    T.mps.empty_cache()
    T.mps.synchronize()
    T.xpu.current_device()
    T.xpu.synchronize()
    T.accelerator.current_device_index()
    T.accelerator.synchronize()
    T.accelerator.set_device_index(None)
    T.Stream('cuda')
    T.get_device_module('foo')
    T.backends.cuda.matmul.foo
    T.backends.cuda.cufft_plan_cache.size
    T.set_num_threads(0)
    T.set_num_threads('a')
    T.use_deterministic_algorithms(1)
    T.set_deterministic_debug_mode('x')
    T.set_deterministic_debug_mode(5)
    T.set_default_tensor_type('torch.cuda.FloatTensor')
    T.set_default_tensor_type('x')
    T.distributed.get_rank()
    T.distributed.destroy_process_group()
    setattr(T.backends.cudnn, 'benchmark', 1)
"""


def _lines(text):
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("text", _lines(ANSWERS))
def test_answers(oracle, text):
    try:
        assert eval(text, {"T": torch}) == eval(text, {"T": oracle})
    finally:
        for T in (torch, oracle):       # set, even to the CPU, it makes PyTorch take other paths in the tests that follow
            T.set_default_device(None)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", _lines(REFUSED))
def test_refusals(oracle, text):
    outcomes = []
    for T in (torch, oracle):
        with pytest.raises(Exception) as caught:
            eval(text, {"T": T})
        outcomes.append((type(caught.value).__name__, str(caught.value)))
    assert outcomes[0] == outcomes[1]


def test_choosing_a_device_as_programs_do():
    device = torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    model = torch.nn.Linear(2, 2).to(device)
    assert next(model.parameters()).device.type == "cpu"
    device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
    assert device == "cpu"


def test_flags_are_kept_and_restored():
    cudnn = torch.backends.cudnn
    cudnn.benchmark, cudnn.deterministic = True, True
    try:
        assert cudnn.benchmark and cudnn.deterministic
        with cudnn.flags(enabled=False):
            assert not cudnn.enabled and not cudnn.benchmark
        assert cudnn.enabled and cudnn.benchmark
    finally:
        cudnn.benchmark = cudnn.deterministic = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.is_deterministic_algorithms_warn_only_enabled() and torch.get_deterministic_debug_mode() == 1
    torch.use_deterministic_algorithms(False)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_mixed_precision_for_cuda_warns_and_is_off():
    with pytest.warns((FutureWarning, UserWarning)):
        scaler = torch.cuda.amp.GradScaler()
    assert not scaler.is_enabled()
    with pytest.warns((FutureWarning, UserWarning)):
        context = torch.cuda.amp.autocast()
    with context:
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32


def test_fork_rng():
    torch.manual_seed(0)
    with torch.random.fork_rng():
        inside = torch.rand(3)
    assert torch.equal(inside, torch.rand(3))


def test_a_group_of_one_process(monkeypatch):
    dist = torch.distributed
    for name, value in dict(RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1", MASTER_PORT="29500").items():
        monkeypatch.setenv(name, value)
    dist.init_process_group("gloo")
    try:
        assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "gloo")
        t, gathered = torch.arange(3.0), [torch.zeros(3)]
        dist.all_reduce(t, op=dist.ReduceOp.SUM)
        dist.all_gather(gathered, t)
        dist.barrier()
        assert gathered[0].tolist() == [0, 1, 2]
        assert dist.all_reduce(t, async_op=True).wait()
    finally:
        dist.destroy_process_group()
    assert not dist.is_initialized()
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(NotImplementedError, match="one process"):
        dist.init_process_group("gloo")


def test_scripting_gives_back_the_function():
    @torch.jit.script
    def double(x):
        return x * 2

    assert double(torch.ones(2)).tolist() == [2, 2]
    model = torch.nn.Linear(2, 1)
    assert torch.jit.trace(model, torch.ones(1, 2)) is model
    with pytest.raises(NotImplementedError, match="TorchScript"):
        torch.jit.save(model, "model.pt")
    with pytest.raises(NotImplementedError, match="ONNX"):
        torch.onnx.export(model, torch.ones(1, 2), "model.onnx")
    assert torch.compile(model) is model
    assert torch.compile(mode="max-autotune")(double) is double
