using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Fetching;

/// <summary>Brings tasks' artifacts into their sandboxes, through a cache where a task asks for it.</summary>
internal sealed class Fetcher : IDisposable
{
    private const int MaxAtOnce = 8;
    private readonly AgentOptions _options;
    private readonly string _cache;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _gate = new(MaxAtOnce);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _downloads = new(StringComparer.Ordinal);

    public Fetcher(AgentOptions options, string cache, TimeProvider time, ILogger<Fetcher> log)
    {
        _time = time;
        _options = options;
        _cache = cache;
        _log = log;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(15),
            UseCookies = false,
            MaxAutomaticRedirections = 5,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Told of tasks whose artifacts were fetched.</summary>
    public AgentCounts? Counts { get; init; }

    /// <summary>How many bytes the cache has; 0 before the first artifact.</summary>
    public long CacheUsed
    {
        get
        {
            try
            {
                var directory = new DirectoryInfo(_cache);
                return directory.Exists ? directory.GetFiles().Sum(file => file.Length) : 0;
            }
            catch (IOException)
            {
                // A file has just left it.
                return 0;
            }
        }
    }

    /// <summary>Fetches all artifacts of a task; once it has succeeded, a second call does nothing.</summary>
    /// <exception cref="LaunchException">One of them is not to be had, or not what it should be.</exception>
    public async Task FetchAsync(Launch launch, CancellationToken cancellation)
    {
        if (launch.Record.Task.Command?.Uris is not { Count: > 0 } stated) return;
        var done = Path.Combine(launch.Meta, "fetched");
        if (File.Exists(done)) return;
        using var limit = new TimeLimit(_time, _options.FetchTimeout, cancellation);
        await _gate.WaitAsync(cancellation);
        try
        {
            foreach (var item in stated)
            {
                var artifact = TaskArtifact.Of(item);
                launch.Progress($"fetching {artifact.Source}");
                await FetchAsync(artifact, launch, limit.Token);
            }

            await File.WriteAllTextAsync(done, "", cancellation);
            Counts?.Fetched(isSuccess: true);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            Counts?.Fetched(isSuccess: false);
            throw new LaunchException($"the artifacts are not there within {_options.FetchTimeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is FormatException or IOException or InvalidDataException or HttpRequestException
            or UnauthorizedAccessException)
        {
            Counts?.Fetched(isSuccess: false);
            throw new LaunchException(e.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _gate.Dispose();
    }

    private async Task FetchAsync(TaskArtifact artifact, Launch launch, CancellationToken cancellation)
    {
        try
        {
            var target = Path.Combine(launch.Sandbox, artifact.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (artifact.Cache)
            {
                await CopyCachedAsync(artifact, target, launch.Meta, cancellation);
            }
            else
            {
                var partial = Path.Combine(launch.Meta, "fetch");
                await DownloadAsync(artifact, partial, cancellation);
                Place(partial, target, move: true);
            }

            if (artifact.Executable) File.SetUnixFileMode(target, (UnixFileMode)0x1ed);
            if (artifact.Extract && Archive.Knows(artifact.Name))
                Archive.Extract(target, artifact.Name, launch.Sandbox, _options.MaxArtifactSize, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new IOException($"the artifact {artifact.Source} cannot be fetched: {e.Message}", e);
        }
    }

    private async Task CopyCachedAsync(TaskArtifact artifact, string target, string meta, CancellationToken cancellation)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{artifact.Source}\n{artifact.Sha256}")));
        var cached = Path.Combine(_cache, key);
        var gate = _downloads.GetOrAdd(key, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellation);
        try
        {
            if (!File.Exists(cached))
            {
                Directory.CreateDirectory(_cache);
                var partial = Path.Combine(meta, "fetch");
                await DownloadAsync(artifact, partial, cancellation);
                File.Move(partial, cached, overwrite: true);
                Evict(keep: cached);
            }

            // The time of the last use, for the eviction.
            File.SetLastWriteTimeUtc(cached, DateTime.UtcNow);
            Place(cached, target, move: false);
        }
        finally
        {
            gate.Release();
        }
    }

    private static void Place(string from, string to, bool move)
    {
        File.Delete(to);
        if (move) File.Move(from, to);
        else File.Copy(from, to);
        File.SetUnixFileMode(to, (UnixFileMode)0x1a4);
    }

    private async Task DownloadAsync(TaskArtifact artifact, string path, CancellationToken cancellation)
    {
        await using var source = await OpenAsync(artifact, cancellation);
        await using (var file = new FileStream(path, FileMode.Create, FileAccess.Write))
        {
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[80 * 1024];
            long size = 0;
            int read;
            while ((read = await source.ReadAsync(buffer, cancellation)) > 0)
            {
                size += read;
                if (size > _options.MaxArtifactSize)
                    throw new InvalidDataException($"it is larger than {_options.MaxArtifactSize} bytes");
                sha.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }

            var hash = Convert.ToHexStringLower(sha.GetHashAndReset());
            if (artifact.Sha256 is null || artifact.Sha256 == hash) return;
            file.Close();
            File.Delete(path);
            throw new InvalidDataException($"its sha256 is {hash}, not {artifact.Sha256}");
        }
    }

    private async Task<Stream> OpenAsync(TaskArtifact artifact, CancellationToken cancellation)
    {
        if (artifact.Source.IsFile)
        {
            if (Directory.Exists(artifact.Source.LocalPath)) throw new InvalidDataException("it is a directory");
            return new FileStream(artifact.Source.LocalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }

        var response = await _http.GetAsync(artifact.Source, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            response.Dispose();
            throw new HttpRequestException($"the answer is {(int)response.StatusCode}");
        }

        return await response.Content.ReadAsStreamAsync(cancellation);
    }

    /// <summary>Keeps the cache within its size; what was used last goes last.</summary>
    private void Evict(string keep)
    {
        var files = new DirectoryInfo(_cache).GetFiles().OrderByDescending(file => file.LastWriteTimeUtc).ToList();
        long size = 0;
        foreach (var file in files.OrderByDescending(file => file.FullName == keep))
        {
            size += file.Length;
            if (size <= _options.FetchCacheSize || file.FullName == keep) continue;
            _log.LogInformation("The artifact {File} leaves the cache", file.Name);
            file.Delete();
        }
    }
}
