namespace LifecycleManager.Clients.Addresses;

/// <summary>
/// The addresses of one service, such as those of a leader and its standbys: what answered last is asked first, and the others in
/// turn. They are given, or looked up in a directory: at first, and again once one of them did not answer. For any number of
/// threads.
/// </summary>
public sealed class AddressList
{
    private readonly AddressDirectory? _directory;
    private readonly Lock _gate = new();
    private IReadOnlyList<Uri> _addresses;
    private int _current;
    private bool _isStale;

    /// <summary>A list.</summary>
    /// <param name="addresses">At least one.</param>
    public AddressList(params IReadOnlyList<Uri> addresses)
    {
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        _addresses = addresses;
    }

    /// <summary>What a directory says.</summary>
    public AddressList(AddressDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        (_directory, _addresses, _isStale) = (directory, [], true);
    }

    /// <summary>The given addresses, or what a directory says where there is one.</summary>
    public static AddressList Of(IReadOnlyList<Uri> addresses, AddressDirectory? directory) =>
        directory is null ? new AddressList(addresses) : new AddressList(directory);

    /// <summary>All of them; none before the first look into a directory.</summary>
    public IReadOnlyList<Uri> Known
    {
        get
        {
            lock (_gate) return _addresses;
        }
    }

    /// <summary>How many there are; 0 before the first look into a directory.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _addresses.Count;
        }
    }

    /// <summary>Which is asked first; the directory's own before the first look into it.</summary>
    public Uri Current
    {
        get
        {
            lock (_gate) return _addresses.Count == 0 ? _directory!.Name : _addresses[_current];
        }
    }

    /// <summary>
    /// An address did not answer: the one after it is asked first from now on, unless somebody else has moved on already.
    /// </summary>
    public void Leave(Uri address)
    {
        lock (_gate)
        {
            _isStale = _directory is not null;
            if (_addresses.Count > 0 && _addresses[_current] == address) _current = (_current + 1) % _addresses.Count;
        }
    }

    /// <summary>
    /// Looks into the directory, where there is one and it has not been looked into since an address was left. What was known
    /// stays where it does not answer, or names nobody: an election may be under way.
    /// </summary>
    /// <exception cref="HttpRequestException">No address is known.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_isStale && _addresses.Count > 0) return;
            _isStale = false;
        }

        try
        {
            var found = await _directory!.FindAsync(cancellation);
            lock (_gate)
            {
                if (found.Count > 0 && !found.SequenceEqual(_addresses)) (_addresses, _current) = (found, 0);
            }
        }
        catch (Exception e)
        {
            lock (_gate) _isStale = true;
            cancellation.ThrowIfCancellationRequested();
            if (Count == 0)
                throw new HttpRequestException(HttpRequestError.NameResolutionError, $"{_directory!.Name} does not answer:", e);
        }

        lock (_gate)
        {
            if (_addresses.Count > 0) return;
            _isStale = true;
        }

        throw new HttpRequestException(HttpRequestError.NameResolutionError, $"nobody leads by {_directory!.Name}");
    }

    /// <summary>Asks each once, until one answers.</summary>
    /// <param name="ask">The question; what it throws goes to the next address, and from the last one to the caller.</param>
    /// <param name="cancellation">Gives up: the address that was asked then counts as one that did not answer.</param>
    /// <exception cref="HttpRequestException">No address is known.</exception>
    public async Task<T> AskAsync<T>(Func<Uri, Task<T>> ask, CancellationToken cancellation)
    {
        await RefreshAsync(cancellation);
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
