using System.Formats.Tar;
using System.IO.Pipelines;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Sandboxes;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>
/// Gives a container that does not see its sandbox what was fetched into it: a copy, at the place where others see theirs. An
/// agent that runs in a container has paths that the engine does not know, and so cannot mount them.
/// </summary>
internal static class SandboxCopy
{
    private const UnixFileMode Everybody = (UnixFileMode)0x1ff | UnixFileMode.StickyBit;

    /// <summary>Copies all but the logs. What was copied before is written over, so that a launch may be gone on with.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="container">The container, which does not run yet.</param>
    /// <param name="sandbox">The sandbox on this machine, in which nothing runs.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Launching.LaunchException">The container does not take it, or the disk fails.</exception>
    /// <exception cref="DockerUnavailableException">The engine has stopped answering.</exception>
    public static async Task GiveAsync(DockerEngine engine, string container, string sandbox, CancellationToken cancellation)
    {
        var pipe = new Pipe();
        var writing = WriteAsync(sandbox, pipe.Writer, cancellation);
        try
        {
            await engine.LongCallAsync(
                async (client, token) =>
                {
                    await using var archive = pipe.Reader.AsStream();
                    await client.Containers.ExtractArchiveToContainerAsync(
                        container, new CopyToContainerParameters { Path = "/" }, archive, token);
                    return true;
                },
                cancellation);
            await writing;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not DockerUnavailableException)
        {
            await pipe.Reader.CompleteAsync();
            throw new Launching.LaunchException(
                $"what was fetched cannot be copied into the container: {DockerEngine.Reason(e)}");
        }
    }

    private static async Task WriteAsync(string sandbox, PipeWriter to, CancellationToken cancellation)
    {
        // A reader that went away ends the writing: nobody waits for a container that is not to be.
        Exception? failure = null;
        try
        {
            await using var stream = to.AsStream(leaveOpen: true);
            await using var archive = new TarWriter(stream, TarEntryFormat.Pax);
            var place = DockerDescription.SandboxPath.TrimStart('/');
            await archive.WriteEntryAsync(
                new PaxTarEntry(TarEntryType.Directory, place + "/") { Mode = Everybody }, cancellation);
            await WriteAsync(new DirectoryInfo(sandbox), place, archive, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            failure = e;
            throw;
        }
        finally
        {
            await to.CompleteAsync(failure);
        }
    }

    private static async Task WriteAsync(DirectoryInfo from, string place, TarWriter archive, CancellationToken cancellation)
    {
        foreach (var entry in from.EnumerateFileSystemInfos())
        {
            if (place == DockerDescription.SandboxPath.TrimStart('/') && LogFiles.Names.Contains(entry.Name)) continue;
            var name = $"{place}/{entry.Name}";

            // A link goes as the link that it is: what it leads to is the container's affair.
            await archive.WriteEntryAsync(entry.FullName, name, cancellation);
            if (entry is DirectoryInfo { LinkTarget: null } directory) await WriteAsync(directory, name, archive, cancellation);
        }
    }
}
