using System.Text;

namespace LifecycleManager.Discovery.Proxies;

/// <summary>
/// The configuration file of a running proxy. It is replaced as a whole, by what the proxy has found good and by nothing else;
/// then the proxy is told. A proxy that could not be told is told again, and at the first time it is told in any case: nobody
/// knows whether it has read what stands there.
/// </summary>
/// <param name="path">The file; beside it, <c>path.new</c> holds the candidate.</param>
/// <param name="check">Says whether <c>$FILE</c>, the candidate, is good.</param>
/// <param name="reload">Makes the proxy read its file again; null where somebody else sees to it.</param>
public sealed class ProxyFile(string path, ShellCommand check, ShellCommand? reload)
{
    private bool _told;

    /// <summary>Makes a configuration the one in force.</summary>
    /// <returns>Whether the proxy was told of it; false where it was in force before.</returns>
    /// <exception cref="ProxyException">The proxy refuses it, in which case the last one stays, or it could not be written or
    /// told.</exception>
    public async Task<bool> ApplyAsync(string text, CancellationToken cancellation)
    {
        try
        {
            var changed = !File.Exists(path) || await File.ReadAllTextAsync(path, cancellation) != text;
            if (!changed && _told) return false;
            if (changed) await ReplaceAsync(text, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ProxyException($"{path} cannot be written: {e.Message}", e);
        }

        _told = false;
        if (reload is not null && await reload.RunAsync(path, cancellation) is { } problem)
            throw new ProxyException($"the new configuration is written, but the proxy was not reloaded: {problem}");
        return _told = true;
    }

    private async Task ReplaceAsync(string text, CancellationToken cancellation)
    {
        var candidate = path + ".new";
        await using (var file = new FileStream(candidate, FileMode.Create, FileAccess.Write, FileShare.Read))
        {
            await file.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
            file.Flush(flushToDisk: true);
        }

        if (await check.RunAsync(candidate, cancellation) is { } problem)
            throw new ProxyException(
                $"the configuration was refused and stands in {candidate}; the last one stays in force: {problem}");
        File.Move(candidate, path, overwrite: true);
    }
}

/// <summary>A proxy could not be given its configuration; the message is for the operator.</summary>
public sealed class ProxyException(string message, Exception? inner = null) : Exception(message, inner);
