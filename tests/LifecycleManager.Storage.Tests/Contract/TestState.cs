using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.Contract;

/// <summary>A fresh, empty state of one kind; every participant opens it anew, as another process would.</summary>
public abstract class TestState : IAsyncDisposable
{
    private readonly List<StateBackend> _opened = [];

    public abstract string Address { get; }

    public async Task<StateBackend> OpenAsync()
    {
        var backend = await StateBackend.OpenAsync(
            Address, null, TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        _opened.Add(backend);
        return backend;
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var backend in _opened) await backend.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
