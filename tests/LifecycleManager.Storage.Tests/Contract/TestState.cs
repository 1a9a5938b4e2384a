using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.Contract;

/// <summary>A fresh, empty state of one kind; every participant opens it anew, as another process would.</summary>
public abstract class TestState : IAsyncDisposable
{
    private readonly List<StateBackend> _opened = [];

    public abstract string Address { get; }

    public virtual string? User => null;

    public virtual string? Password => null;

    /// <summary>Where the state's server listens, of those that have one.</summary>
    public virtual (string Host, int Port) Server => throw new NotSupportedException();

    /// <summary>The same state's address by another way.</summary>
    /// <param name="authority">User and hosts.</param>
    /// <param name="port">The last host's port.</param>
    /// <param name="term">How long a leadership lasts without a sign of life, in seconds.</param>
    public virtual string AddressAt(string authority, int port, int term = 3) => throw new NotSupportedException();

    public Task<StateBackend> OpenAsync() => OpenAsync(Address);

    public async Task<StateBackend> OpenAsync(string address, TimeSpan? patience = null)
    {
        var backend = await StateBackend.OpenAsync(
            address, Password, patience ?? TimeSpan.FromSeconds(10), TimeProvider.System, NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken);
        _opened.Add(backend);
        return backend;
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var backend in _opened) await backend.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
