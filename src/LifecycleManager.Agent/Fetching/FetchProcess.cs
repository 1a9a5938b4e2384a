using System.Security.Cryptography;
using System.Text.Json;
using LifecycleManager.Agent.Sandboxes;

namespace LifecycleManager.Agent.Fetching;

/// <summary>
/// What a process does that an agent starts as a task's user to fetch one artifact: the kernel refuses what he may not read or
/// write. It ends with its agent.
/// </summary>
public static class FetchProcess
{
    /// <summary>The only argument with which the agent's own program is started as such a process.</summary>
    public const string Verb = "--fetch-artifact";

    /// <summary>It failed; standard error has the reason.</summary>
    internal const int Failed = 1;

    /// <summary>What is fetched exceeds the task's disk.</summary>
    internal const int DiskLimit = 3;

    /// <summary>The agent has ended, or given up.</summary>
    private const int Abandoned = 4;

    /// <summary>Fetches what standard input asks for.</summary>
    /// <returns>The exit code.</returns>
    public static int Run()
    {
        using var input = Console.OpenStandardInput();
        try
        {
            var job = JsonSerializer.Deserialize(ReadLine(input), FetchJson.Default.FetchJob)!;
            using var source = job.Length is { } length ? new Head(input, length) : Open(job.Source);
            // What comes on the input is read to its end first; from then on its end is the agent's.
            if (job.Length is null) Watch(input);
            if (job.Name is null)
            {
                using var output = Console.OpenStandardOutput();
                Copy(job, source, output, new DiskBudget(null, 0));
                return 0;
            }

            using var tree = SandboxTree.Open(".");
            Place(job, source, tree, () =>
            {
                if (job.Length is not null) Watch(input);
            });
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or HttpRequestException
            or JsonException or OperationCanceledException or NotSupportedException)
        {
            Console.Error.WriteLine(e.Message);
            return e is DiskLimitException ? DiskLimit : Failed;
        }
    }

    /// <summary>Puts an artifact where it belongs, and extracts it.</summary>
    /// <param name="job">What is asked for.</param>
    /// <param name="source">The artifact.</param>
    /// <param name="tree">The sandbox.</param>
    /// <param name="whenRead">Called when all of the source is read.</param>
    internal static void Place(FetchJob job, Stream source, SandboxTree tree, Action whenRead)
    {
        const UnixFileMode Executable = (UnixFileMode)0x1ed, Usual = (UnixFileMode)0x1a4;
        var budget = new DiskBudget(job.Left, job.Quota ?? 0);
        for (var i = 1; i < SandboxTree.Parts(job.Name!).Length; i++) budget.TakeDirectory();
        using (var file = tree.Create(job.Name!, job.Executable ? Executable : Usual)) Copy(job, source, file, budget);
        whenRead();
        if (!job.Extract || !Archive.Knows(job.Name!)) return;
        using var archive = tree.OpenRead(job.Name!)!;
        Archive.Extract(archive, job.Name!, tree, job.MaxSize, budget);
    }

    private static void Copy(FetchJob job, Stream source, Stream target, DiskBudget budget)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[80 * 1024];
        long size = 0;
        int read;
        while ((read = source.Read(buffer)) > 0)
        {
            if (size + read > job.MaxSize) throw new InvalidDataException($"it is larger than {job.MaxSize} bytes");
            budget.TakeFile(size, size + read);
            size += read;
            sha.AppendData(buffer, 0, read);
            target.Write(buffer, 0, read);
        }

        if (job.Length is { } length && size < length) throw new InvalidDataException("it did not come to its end");
        var hash = Convert.ToHexStringLower(sha.GetHashAndReset());
        if (job.Sha256 is not null && job.Sha256 != hash)
            throw new InvalidDataException($"its sha256 is {hash}, not {job.Sha256}");
    }

    private static Stream Open(Uri source)
    {
        if (source.IsFile)
        {
            if (Directory.Exists(source.LocalPath)) throw new InvalidDataException("it is a directory");
            return new FileStream(source.LocalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }

        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(15),
            UseCookies = false,
            MaxAutomaticRedirections = 5,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        var response = http.Send(new HttpRequestMessage(HttpMethod.Get, source), HttpCompletionOption.ResponseHeadersRead);
        return response.IsSuccessStatusCode ? response.Content.ReadAsStream()
            : throw new HttpRequestException($"the answer is {(int)response.StatusCode}");
    }

    // Byte by byte: what follows the line is the artifact.
    private static byte[] ReadLine(Stream input)
    {
        var line = new List<byte>();
        for (var next = input.ReadByte(); next is not (-1 or '\n'); next = input.ReadByte()) line.Add((byte)next);
        return [.. line];
    }

    private static void Watch(Stream input) => new Thread(() =>
    {
        while (input.ReadByte() >= 0) continue;
        Environment.Exit(Abandoned);
    })
    { IsBackground = true, Name = "the agent's end" }.Start();

    /// <summary>The first bytes of a stream; what follows stays.</summary>
    private sealed class Head(Stream inner, long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = inner.Read(buffer, offset, (int)Math.Min(count, _left));
            _left -= read;
            return read;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
