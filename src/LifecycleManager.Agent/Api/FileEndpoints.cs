using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Agent.Api;

/// <summary>
/// <c>/files/browse</c>, <c>/files/read</c> and <c>/files/download</c>, as Mesos has them; and <c>/files/tail</c>.
/// </summary>
internal static class FileEndpoints
{
    private const int DefaultRead = 64 * 1024;
    private const int DefaultTail = 8 * 1024;

    public static void Map(IEndpointRouteBuilder app, AgentService agent, FileReaders readers)
    {
        foreach (var suffix in new[] { "", ".json" })
        {
            app.MapGet("/files/browse" + suffix, (HttpContext context, string? path) =>
                Guard(path, () => Browse(Files(context), path!))).AsksByApp();
            app.MapGet("/files/read" + suffix, (HttpContext context, string? path, long? offset, long? length) =>
                Guard(path, () => Read(readers, Files(context), path!, offset ?? -1, length))).AsksByApp();
            app.MapGet("/files/download" + suffix, (HttpContext context, string? path) =>
                Guard(path, () => Download(readers, Files(context), path!))).AsksByApp();
        }

        app.MapGet("/files/tail", (HttpContext context, string? path, long? bytes, bool? follow) =>
            Guard(path, () => Tail(readers, Files(context), path!, bytes, follow ?? false))).AsksByApp();

        SandboxFiles Files(HttpContext context) => new TaskScope(agent, context).Files();
    }

    /// <summary>A directory's entries.</summary>
    public static JsonArray? BrowseJson(SandboxFiles files, string path) => files.List(path) is { } entries
        ? new JsonArray([.. entries.Select(entry => new JsonObject
        {
            ["path"] = entry.Path,
            ["size"] = entry.Size,
            ["mode"] = entry.Mode,
            ["mtime"] = new DateTimeOffset(entry.Modified).ToUnixTimeSeconds(),
            ["nlink"] = entry.Links,
            ["uid"] = entry.UserName,
            ["gid"] = entry.GroupName,
        })])
        : null;

    /// <summary>Part of a file: the bytes from the offset on, and the file's size.</summary>
    public static (byte[] Data, long Size)? ReadBytes(SandboxFiles files, string path, long offset, long length)
    {
        using var file = files.Open(path);
        if (file is null) return null;
        var size = file.Length;
        if (offset >= size) return ([], size);
        file.Seek(offset, SeekOrigin.Begin);
        var buffer = new byte[Math.Min(Math.Min(length, SandboxFiles.MaxRead), size - offset)];
        var read = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return (buffer[..read], size);
    }

    private static IResult Browse(SandboxFiles files, string path) =>
        BrowseJson(files, path) is { } json ? MesosAnswers.Answer(json)
        : MesosAnswers.Error(StatusCodes.Status404NotFound, $"there is no directory '{path}'");

    private static IResult Read(FileReaders readers, SandboxFiles files, string path, long offset, long? length)
    {
        if (offset < -1) return MesosAnswers.Error(StatusCodes.Status400BadRequest, "offset: is negative");
        if (length < -1) return MesosAnswers.Error(StatusCodes.Status400BadRequest, "length: is negative");
        // Mesos' way to ask for the size.
        var wanted = offset == -1 ? 0 : length is null or -1 ? DefaultRead : length.Value;
        if (ReadBytes(files, path, Math.Max(0, offset), wanted) is not { } part)
            return MesosAnswers.Error(StatusCodes.Status404NotFound, $"there is no file '{path}'");
        return readers.Json(new JsonObject
        {
            ["offset"] = offset == -1 ? part.Size : offset,
            ["data"] = Encoding.UTF8.GetString(part.Data),
        });
    }

    private static IResult Download(FileReaders readers, SandboxFiles files, string path) => files.Open(path) is { } file
        ? readers.Download(file, Path.GetFileName(path))
            : MesosAnswers.Error(StatusCodes.Status404NotFound, $"there is no file '{path}'");

    /// <summary>The last bytes, from the beginning of a line where one is among them.</summary>
    private static IResult Tail(FileReaders readers, SandboxFiles files, string path, long? bytes, bool follow)
    {
        if (bytes < 0) return MesosAnswers.Error(StatusCodes.Status400BadRequest, "bytes: is negative");
        if (files.Open(path) is not { } file)
            return MesosAnswers.Error(StatusCodes.Status404NotFound, $"there is no file '{path}'");
        SeekLines(file, Math.Min(bytes ?? DefaultTail, SandboxFiles.MaxRead));
        return readers.Tail(file, follow);
    }

    private static void SeekLines(FileStream file, long bytes)
    {
        var start = Math.Max(0, file.Length - bytes);
        file.Seek(Math.Max(0, start - 1), SeekOrigin.Begin);
        if (start == 0) return;
        // The byte before tells whether this is a line's beginning already.
        var block = new byte[FileReaders.Block];
        for (long passed = 0; passed <= bytes;)
        {
            var read = file.Read(block, 0, (int)Math.Min(block.Length, bytes + 1 - passed));
            if (read == 0) break;
            var end = block.AsSpan(0, read).IndexOf((byte)'\n');
            if (end >= 0)
            {
                file.Seek(start + passed + end, SeekOrigin.Begin);
                return;
            }

            passed += read;
        }

        file.Seek(start, SeekOrigin.Begin);
    }

    private static IResult Guard(string? path, Func<IResult> answer)
    {
        if (string.IsNullOrEmpty(path)) return MesosAnswers.Error(StatusCodes.Status400BadRequest, "path: is missing");
        try
        {
            return answer();
        }
        catch (UnauthorizedAccessException e)
        {
            return MesosAnswers.Error(StatusCodes.Status403Forbidden, e.Message);
        }
        catch (IOException e)
        {
            return MesosAnswers.Error(StatusCodes.Status500InternalServerError, e.Message);
        }
    }
}
