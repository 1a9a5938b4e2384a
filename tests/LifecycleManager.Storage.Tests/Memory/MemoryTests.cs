using LifecycleManager.Storage.Tests.Contract;

namespace LifecycleManager.Storage.Tests.Memory;

public sealed class MemoryStoreTests : StoreContract
{
    protected override TestState NewState() => new MemoryTestState();

    protected override int ModelRuns => 3000;
}

public sealed class MemoryElectionTests : ElectionContract
{
    protected override TestState NewState() => new MemoryTestState();
}

internal sealed class MemoryTestState : TestState
{
    public override string Address { get; } = $"memory:{Guid.NewGuid()}";
}
