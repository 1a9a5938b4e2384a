namespace LifecycleManager.Console.Live;

/// <summary>Watches of one thing each: one for all pages that show it, for as long as one of them does. For any thread.</summary>
internal sealed class SharedWatches
{
    private const int FirstSweep = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<(Type Kind, string Of), WeakReference> _watches = [];
    private int _sweptAt = FirstSweep;

    /// <summary>How many are known, those that nobody shows any more and that were not swept away yet among them.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _watches.Count;
        }
    }

    /// <summary>The watch of something, made where nobody shows it.</summary>
    /// <param name="of">What of it: the kind of its value says the rest.</param>
    /// <param name="make">Makes it.</param>
    public Watch<T> Get<T>(string of, Func<Watch<T>> make)
        where T : class
    {
        lock (_gate)
        {
            if (_watches.TryGetValue((typeof(T), of), out var known) && known.Target is Watch<T> watch) return watch;
            if (_watches.Count >= _sweptAt)
            {
                foreach (var (key, left) in _watches.ToList())
                {
                    if (!left.IsAlive) _watches.Remove(key);
                }

                _sweptAt = Math.Max(FirstSweep, _watches.Count * 2);
            }

            watch = make();
            _watches[(typeof(T), of)] = new WeakReference(watch);
            return watch;
        }
    }
}
