using LifecycleManager.Storage;

namespace LifecycleManager.Master.Registry;

/// <summary>How many bytes the records of the registry have. Written by one, read by any thread.</summary>
internal sealed class RegistrySize
{
    private readonly Dictionary<string, int> _sizes = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>The sum of all values.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>A record is stored.</summary>
    public void Put(string key, int length)
    {
        Volatile.Write(ref _bytes, _bytes - _sizes.GetValueOrDefault(key) + length);
        _sizes[key] = length;
    }

    /// <summary>Records were written or deleted.</summary>
    public void Apply(IEnumerable<StateWrite> writes)
    {
        foreach (var write in writes)
        {
            if (write.Value is { } value)
            {
                Put(write.Key, value.Length);
            }
            else if (_sizes.Remove(write.Key, out var length))
            {
                Volatile.Write(ref _bytes, _bytes - length);
            }
        }
    }
}
