using System.Text;

namespace LifecycleManager.Storage;

/// <summary>What keys may be, and their order, the same in every store.</summary>
internal static class StateKeys
{
    /// <summary>The longest key, in bytes of UTF-8.</summary>
    public const int MaxKey = 1024;

    /// <summary>The longest value, in bytes.</summary>
    public const int MaxValue = 16 * 1024 * 1024;

    private const int MaxName = 64;

    /// <summary>Orders by code points: the order of UTF-8 bytes, which the databases use.</summary>
    public static IComparer<string> Order { get; } = Comparer<string>.Create(Compare);

    /// <exception cref="ArgumentException">The key is empty, too long, holds a control character or half a surrogate
    /// pair.</exception>
    public static void Check(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length == 0) throw new ArgumentException("a key is empty", nameof(key));
        CheckCharacters(key);
        if (Encoding.UTF8.GetByteCount(key) > MaxKey)
        {
            throw new ArgumentException($"the key '{key[..60]}...' is over {MaxKey} bytes", nameof(key));
        }
    }

    public static void CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        CheckCharacters(prefix);
    }

    public static void Check(IReadOnlyList<StateWrite> writes, Fence? fence)
    {
        ArgumentNullException.ThrowIfNull(writes);
        if (fence is not null)
        {
            CheckElection(fence.Name);
            ArgumentOutOfRangeException.ThrowIfNegative(fence.Token);
        }

        foreach (var write in writes)
        {
            Check(write.Key);
            if (write.ExpectedVersion < 0)
                throw new ArgumentException($"'{write.Key}': a negative version is expected", nameof(writes));
            if (write.Value?.Length > MaxValue)
            {
                throw new StateTooLargeException(
                    $"the value of '{write.Key}' has {write.Value.Value.Length} bytes, over the {MaxValue} of a value");
            }
        }
    }

    /// <exception cref="ArgumentException">An election's name is not lower case letters, digits and hyphens, 64 at
    /// most.</exception>
    public static void CheckElection(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxName || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            throw new ArgumentException($"an election's name is 1 to {MaxName} of a-z, 0-9 and '-'", nameof(name));
        }
    }

    /// <summary>The least string above every string that starts with the prefix, or null when there is none.</summary>
    public static string? After(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToList();
        while (runes.Count > 0)
        {
            var last = runes[^1].Value;
            runes.RemoveAt(runes.Count - 1);
            if (last == 0x10FFFF) continue;
            runes.Add(new Rune(last == 0xD7FF ? 0xE000 : last + 1));
            return string.Concat(runes);
        }

        return null;
    }

    private static void CheckCharacters(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
                throw new ArgumentException($"a key holds the control character U+{(int)text[i]:X4}", nameof(text));
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                throw new ArgumentException("a key holds half a surrogate pair", nameof(text));
            }

            i++;
        }
    }

    private static int Compare(string? a, string? b)
    {
        if (a is null || b is null) return a is null ? b is null ? 0 : -1 : 1;
        var length = Math.Min(a.Length, b.Length);
        var at = a.AsSpan().CommonPrefixLength(b);
        if (at == length) return a.Length - b.Length;

        // Surrogates stand for code points above all others, yet their own numbers lie below U+E000 to U+FFFF.
        return char.IsSurrogate(a[at]) == char.IsSurrogate(b[at]) ? a[at] - b[at] : char.IsSurrogate(a[at]) ? 1 : -1;
    }
}
