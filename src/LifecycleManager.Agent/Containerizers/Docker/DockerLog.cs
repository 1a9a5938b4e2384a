using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Sandboxes;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>
/// Copies a container's output into its sandbox, and remembers how far, so that after a crash no line is missing or doubled.
/// </summary>
internal sealed class DockerLog(DockerEngine engine, string name, Launch launch, AgentOptions options, TimeProvider time,
    ILogger log)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Remember = TimeSpan.FromSeconds(1);
    private readonly Copy[] _copies = [new(), new()];

    private string PositionFile => Path.Combine(launch.Meta, "log");

    /// <summary>Copies until the engine has no more; follows a running container.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                Open();
                // An engine that ends in good order ends the stream too, and the container may outlive it.
                if (await CopyAsync(cancellation)) return;
                await Task.Delay(Retry, time, cancellation);
            }
            catch (DockerApiException e) when (DockerEngine.IsNotFound(e))
            {
                return;
            }
            catch (DockerApiException e)
            {
                // Such as a log driver that cannot be read.
                log.LogWarning("The output of {Container} is not captured: {Reason}", name, DockerEngine.Reason(e));
                await NoteAsync($"(no output is captured: {DockerEngine.Reason(e)})\n", cancellation);
                return;
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                log.LogDebug(e, "The output of {Container} is not to be had just now", name);
                await Task.Delay(Retry, time, cancellation);
            }
            finally
            {
                foreach (var copy in _copies) copy.Dispose();
            }
        }
    }

    private async Task NoteAsync(string text, CancellationToken cancellation)
    {
        try
        {
            using var tree = SandboxTree.Open(launch.Sandbox);
            await using var file = LogFiles.Open(tree, "stderr");
            file.Seek(0, SeekOrigin.End);
            await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("The sandbox of {Container} cannot be written: {Reason}", name, e.Message);
        }
    }

    /// <returns>Whether there is no more to come.</returns>
    private async Task<bool> CopyAsync(CancellationToken cancellation)
    {
        await engine.UpAsync(cancellation);
        var inspected = await engine.CallAsync((client, token) => client.Containers.InspectContainerAsync(name, token),
            cancellation);
        var since = _copies.All(copy => copy.Time is not null)
            ? _copies.Select(copy => copy.Time!).Order(Comparer<string>.Create(DockerTime.Compare)).First() : null;
        using var output = await engine.CallAsync(
            (client, token) => client.Containers.GetContainerLogsAsync(
                name,
                new ContainerLogsParameters
                {
                    ShowStdout = true,
                    ShowStderr = true,
                    Follow = true,
                    Timestamps = true,
                    Since = since is null ? null : DockerTime.Unix(since),
                },
                // Not the call's own token: the stream goes on.
                cancellation),
            cancellation);
        var buffer = new byte[32 * 1024];
        var remembered = time.GetTimestamp();
        while (true)
        {
            var read = await engine.LongCallAsync((_, token) => output.ReadOutputAsync(buffer, 0, buffer.Length, token),
                cancellation);
            if (read.EOF) break;
            var copy = _copies[inspected.Config?.Tty != true && read.Target == MultiplexedStream.TargetStream.StandardError
                ? 1 : 0];
            copy.Take(buffer.AsSpan(0, read.Count));
            var rotated = copy.RotateOver(options.MaxLogSize);
            if (!rotated && time.GetElapsedTime(remembered) < Remember) continue;
            remembered = time.GetTimestamp();
            SavePosition();
        }

        SavePosition();
        inspected = await engine.CallAsync((client, token) => client.Containers.InspectContainerAsync(name, token), cancellation);
        return inspected.State is not ({ Running: true } or { Paused: true });
    }

    private void Open()
    {
        var position = DurableFile.Read(PositionFile, CheckpointJson.Default.LogPositions);
        for (var i = 0; i < _copies.Length; i++)
            _copies[i].Open(launch.Sandbox, LogFiles.Names[i], i == 0 ? position?.Stdout : position?.Stderr);
    }

    private void SavePosition()
    {
        if (!_copies.All(copy => copy.AtLineStart)) return;
        var temporary = PositionFile + ".new";
        File.WriteAllBytes(temporary, Checksum.Seal(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new LogPositions(_copies[0].Position, _copies[1].Position), CheckpointJson.Default.LogPositions)));
        File.Move(temporary, PositionFile, overwrite: true);
    }

    private sealed class Copy : IDisposable
    {
        private TimestampedOutput _lines = new(null);
        private SandboxTree? _tree;
        private FileStream? _file;
        private string _name = "";

        public string? Time => _lines.Time;

        public bool AtLineStart => _lines.AtLineStart;

        public LogPosition? Position => _lines.Time is { } at ? new LogPosition(at, _file!.Length) : null;

        public void Open(string sandbox, string name, LogPosition? position)
        {
            _name = name;
            _lines = new TimestampedOutput(position?.Time);
            _tree = SandboxTree.Open(sandbox);
            _file = LogFiles.Open(_tree, name);
            // What was copied after the position was saved is copied again.
            if (_file.Length > (position?.Length ?? 0)) _file.SetLength(position?.Length ?? 0);
            _file.Seek(0, SeekOrigin.End);
        }

        public void Take(ReadOnlySpan<byte> chunk) => _lines.Take(chunk, _file!);

        public bool RotateOver(long bound)
        {
            if (_file!.Length <= bound || (!AtLineStart && _file.Length <= 2 * bound)) return false;
            _file.Dispose();
            _tree!.Rename(_name, _name + ".1");
            _file = LogFiles.Open(_tree, _name);
            return true;
        }

        public void Dispose()
        {
            _file?.Dispose();
            _tree?.Dispose();
            (_file, _tree) = (null, null);
        }
    }
}
