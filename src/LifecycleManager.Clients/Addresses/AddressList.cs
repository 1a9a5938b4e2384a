namespace LifecycleManager.Clients.Addresses;

/// <summary>
/// The addresses of one service, such as those of a leader and its standbys: what answered last is asked first, and the others in
/// turn. For any number of threads.
/// </summary>
public sealed class AddressList
{
    private readonly IReadOnlyList<Uri> _addresses;
    private int _current;

    /// <summary>A list.</summary>
    /// <param name="addresses">At least one.</param>
    public AddressList(params IReadOnlyList<Uri> addresses)
    {
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        _addresses = addresses;
    }

    /// <summary>How many there are.</summary>
    public int Count => _addresses.Count;

    /// <summary>Which is asked first.</summary>
    public Uri Current => _addresses[Volatile.Read(ref _current)];

    /// <summary>
    /// An address did not answer: the one after it is asked first from now on, unless somebody else has moved on already.
    /// </summary>
    public void Leave(Uri address)
    {
        var at = Volatile.Read(ref _current);
        if (_addresses[at] == address) Interlocked.CompareExchange(ref _current, (at + 1) % _addresses.Count, at);
    }

    /// <summary>Asks each once, until one answers.</summary>
    /// <param name="ask">The question; what it throws goes to the next address, and from the last one to the caller.</param>
    /// <param name="cancellation">Gives up: the address that was asked then counts as one that did not answer.</param>
    public async Task<T> AskAsync<T>(Func<Uri, Task<T>> ask, CancellationToken cancellation)
    {
        for (var left = Count; ; left--)
        {
            var address = Current;
            try
            {
                return await ask(address);
            }
            catch (Exception) when (Left(address) && left > 1 && !cancellation.IsCancellationRequested)
            {
                // The next one may answer.
            }
        }
    }

    // In the filter, so that it is left whether another is asked or not.
    private bool Left(Uri address)
    {
        Leave(address);
        return true;
    }
}
