using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>
/// Many small entries by name, kept in pages: a key of the store an entry would be too many, one key for all too large. What is
/// planned comes into force here once it is written. A page that cannot be read is set aside: it is named, kept, and not acted
/// on. Of one owner.
/// </summary>
/// <param name="prefix">The pages' keys begin so.</param>
/// <param name="json">How a page is written.</param>
/// <param name="nameOf">An entry's name.</param>
/// <param name="pageBytes">A page takes entries until it has so many bytes.</param>
internal sealed class PagedEntries<T>(
    string prefix, JsonTypeInfo<IReadOnlyList<T>> json, Func<T, string> nameOf, int pageBytes)
    where T : class
{
    private readonly Dictionary<string, T> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _pageOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _pages = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _roomy = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _unreadable = new(StringComparer.Ordinal);
    private long _last;

    /// <summary>The entries by name.</summary>
    public IReadOnlyDictionary<string, T> Entries => _entries;

    /// <summary>The pages that cannot be read, and why.</summary>
    public IReadOnlyDictionary<string, string> Unreadable => _unreadable;

    /// <summary>Whether a key is one of its pages.</summary>
    public bool Owns(string key) => key.StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>Takes in a page as it is stored; of an entry that comes twice the later page counts.</summary>
    public void Load(StateEntry page)
    {
        if (long.TryParse(page.Key.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            _last = Math.Max(_last, number);
        try
        {
            var entries = JsonSerializer.Deserialize(page.Value.Span, json) ?? throw new JsonException("the page is null");
            if (entries.Any(entry => entry is null || nameOf(entry) is null)) throw new JsonException("an entry has no name");
            var names = new HashSet<string>(entries.Count, StringComparer.Ordinal);
            foreach (var entry in entries)
            {
                var name = nameOf(entry);
                if (_pageOf.TryGetValue(name, out var other)) _pages[other].Remove(name);
                _entries[name] = entry;
                _pageOf[name] = page.Key;
                names.Add(name);
            }

            _pages[page.Key] = names;
            if (page.Value.Length < pageBytes) _roomy.Add(page.Key);
        }
        catch (JsonException e)
        {
            _unreadable[page.Key] = e.Message;
        }
    }

    /// <summary>Readies changes: what is to be written, and what is so once it is.</summary>
    /// <param name="changes">Entries by name; null removes one.</param>
    public PagedChange Plan(IReadOnlyCollection<KeyValuePair<string, T?>> changes)
    {
        if (changes.Count == 0) return PagedChange.None;
        var wanted = new Dictionary<string, T?>(StringComparer.Ordinal);
        foreach (var (name, entry) in changes) wanted[name] = entry;
        var touched = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var (last, filling, filled) = (_last, (string?)null, 0);
        foreach (var (name, entry) in wanted)
        {
            if (_pageOf.TryGetValue(name, out var page))
            {
                var names = Touch(page);
                if (entry is null) names.Remove(name);
            }
            else if (entry is not null)
            {
                // Where a page's size would be too much is known once it is written: some entries more or less do not matter.
                if (filling is null || filled >= Math.Max(1, pageBytes / 512))
                {
                    filling = _roomy.FirstOrDefault(roomy => !touched.ContainsKey(roomy))
                        ?? string.Create(CultureInfo.InvariantCulture, $"{prefix}{++last:D8}");
                    filled = 0;
                }

                Touch(filling).Add(name);
                filled++;
            }
        }

        var pages = touched.Select(page => (page.Key, Names: page.Value, Bytes: Write(page.Value))).ToList();
        return new PagedChange(
            [.. pages.Select(page => page.Names.Count == 0 ? StateWrite.Delete(page.Key) : new StateWrite(page.Key, page.Bytes))],
            () =>
            {
                _last = last;
                foreach (var (name, entry) in wanted)
                {
                    if (entry is null) (_, _) = (_entries.Remove(name), _pageOf.Remove(name));
                    else _entries[name] = entry;
                }

                foreach (var (key, names, bytes) in pages) Commit(key, names, bytes.Length);
            });

        HashSet<string> Touch(string page)
        {
            if (touched.TryGetValue(page, out var names)) return names;
            return touched[page] = _pages.TryGetValue(page, out var known) ? new(known, StringComparer.Ordinal)
                : new(StringComparer.Ordinal);
        }

        byte[] Write(HashSet<string> names) => names.Count == 0 ? [] : JsonSerializer.SerializeToUtf8Bytes(
            [.. names.Select(name => wanted.GetValueOrDefault(name) ?? _entries[name])], json);
    }

    private void Commit(string key, HashSet<string> names, int bytes)
    {
        foreach (var name in names) _pageOf[name] = key;
        if (names.Count == 0) _pages.Remove(key);
        else _pages[key] = names;
        if (names.Count > 0 && bytes < pageBytes) _roomy.Add(key);
        else _roomy.Remove(key);
    }
}

/// <summary>Changes of pages that are to be written.</summary>
/// <param name="Writes">The pages.</param>
/// <param name="Commit">Has them in force here, once they are written.</param>
internal sealed record PagedChange(IReadOnlyList<StateWrite> Writes, Action Commit)
{
    public static PagedChange None { get; } = new([], () => { });
}
