using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Sandboxes;
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
    private readonly FetchWorker _worker;
    private readonly SemaphoreSlim _gate = new(MaxAtOnce);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _downloads = new(StringComparer.Ordinal);

    public Fetcher(AgentOptions options, string cache, TimeProvider time, ILogger<Fetcher> log)
    {
        _time = time;
        _options = options;
        _cache = cache;
        _log = log;
        _worker = new FetchWorker(options.FetchProgram);
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

    /// <summary>Fetches all artifacts of a task into its sandbox.</summary>
    /// <param name="launch">The task.</param>
    /// <param name="user">As whom; null for the agent's own user.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LaunchException">One of them is not to be had, or not what it should be.</exception>
    public async Task FetchAsync(Launch launch, UserAccount? user, CancellationToken cancellation)
    {
        if (launch.Record.Task.Command?.Uris is not { Count: > 0 } stated) return;
        using var limit = new TimeLimit(_time, _options.FetchTimeout, cancellation);
        await _gate.WaitAsync(cancellation);
        try
        {
            foreach (var item in stated)
            {
                var artifact = TaskArtifact.Of(item);
                launch.Progress($"fetching {artifact.Source}");
                await FetchAsync(artifact, launch, user, limit.Token);
            }

            Counts?.Fetched(isSuccess: true);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            Counts?.Fetched(isSuccess: false);
            throw new LaunchException($"the artifacts are not there within {_options.FetchTimeout.TotalSeconds:0} s");
        }
        catch (LaunchException)
        {
            Counts?.Fetched(isSuccess: false);
            throw;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            Counts?.Fetched(isSuccess: false);
            throw new LaunchException(e.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task FetchAsync(TaskArtifact artifact, Launch launch, UserAccount? user, CancellationToken cancellation)
    {
        var quota = _options.EnforceDiskQuota ? DiskQuota.Of(launch.Record) : null;
        var job = new FetchJob
        {
            Source = artifact.Source,
            Name = artifact.Name,
            Sha256 = artifact.Sha256,
            Executable = artifact.Executable,
            Extract = artifact.Extract,
            MaxSize = _options.MaxArtifactSize,
            Quota = quota,
            Left = quota is null ? null : Math.Max(0, quota.Value - DiskUsage.Of(launch.Sandbox, cancellation)),
        };
        try
        {
            if (!artifact.Cache)
            {
                await _worker.RunAsync(job, user, launch.Sandbox, content: null, output: null, cancellation);
                return;
            }

            await using var cached = await OpenCachedAsync(job, user, launch, cancellation);
            await _worker.RunAsync(
                job with { Length = cached.Length }, user, launch.Sandbox, cached, output: null, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the artifact {artifact.Source} cannot be fetched: {e.Message}", e);
        }
    }

    private async Task<FileStream> OpenCachedAsync(
        FetchJob job, UserAccount? user, Launch launch, CancellationToken cancellation)
    {
        // What one user may read of this machine another may not: he gets no copy of it either.
        var reader = job.Source.IsFile ? user?.Name ?? "" : "";
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{job.Source}\n{job.Sha256}\n{reader}")));
        var path = Path.Combine(_cache, key);
        var gate = _downloads.GetOrAdd(key, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellation);
        try
        {
            if (!File.Exists(path))
            {
                DurableFile.MakeDirectory(_cache);
                var partial = Path.Combine(launch.Meta, "fetch");
                await using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write))
                {
                    // Nobody's disk but the cache's own.
                    await _worker.RunAsync(
                        job with { Name = null, Left = null }, user, launch.Sandbox, content: null, file, cancellation);
                }

                File.Move(partial, path, overwrite: true);
                Evict(keep: path);
            }

            // The time of the last use, for the eviction.
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }
        finally
        {
            gate.Release();
        }
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
