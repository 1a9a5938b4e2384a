using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Clients.Agents;

namespace LifecycleManager.Console.Clients;

/// <summary>The sandbox of one task.</summary>
/// <param name="agent">Its agent.</param>
/// <param name="place">Where it is there.</param>
internal sealed class Sandbox(AgentCalls agent, SandboxPlace place)
{
    /// <summary>The agent.</summary>
    public AgentCalls Agent { get; } = agent;

    /// <summary>The task's container; empty where it has none.</summary>
    public string Container => place.Container;

    /// <summary>Opens the end of a file, from the beginning of a line.</summary>
    /// <param name="name">The file.</param>
    /// <param name="bytes">How much of its end.</param>
    /// <param name="follow">Whether what is added comes, too, until it is closed.</param>
    /// <param name="stop">Gives up.</param>
    public Task<HttpResponseMessage> TailAsync(string name, int bytes, bool follow, CancellationToken stop) => Agent.OpenAsync(
        string.Create(CultureInfo.InvariantCulture,
            $"/files/tail{SandboxPlace.Query(place.Directory, name)}&bytes={bytes}{(follow ? "&follow=true" : "")}"), stop);

    /// <summary>Opens the whole of a file.</summary>
    public Task<HttpResponseMessage> DownloadAsync(string path, CancellationToken stop) =>
        Agent.OpenAsync("/files/download" + SandboxPlace.Query(place.Directory, path), stop);

    /// <summary>What is in a directory of it, directories first.</summary>
    public async Task<IReadOnlyList<SandboxItem>> ListAsync(string path, CancellationToken stop)
    {
        using var answer = await Agent.OpenAsync("/files/browse" + SandboxPlace.Query(place.Directory, path), stop);
        var entries = await answer.Content.ReadFromJsonAsync<JsonArray>(stop) ?? throw new JsonException("the answer is empty");
        return [.. entries.OfType<JsonObject>().Select(Entry).OrderBy(entry => !entry.IsDirectory)
            .ThenBy(entry => entry.Name, StringComparer.Ordinal)];
    }

    /// <summary>Part of a file, and its whole size in bytes; bytes that are no text are replaced.</summary>
    public async Task<(string Text, long Size)> ReadAsync(string path, long offset, int length, CancellationToken stop)
    {
        var file = "/files/read" + SandboxPlace.Query(place.Directory, path);
        var (_, size) = await PartAsync(file, stop);
        var (text, _) = await PartAsync(
            string.Create(CultureInfo.InvariantCulture, $"{file}&offset={offset}&length={length}"), stop);
        return (text, size);
    }

    private async Task<(string Data, long Offset)> PartAsync(string path, CancellationToken stop)
    {
        using var answer = await Agent.OpenAsync(path, stop);
        var part = await answer.Content.ReadFromJsonAsync<JsonObject>(stop) ?? throw new JsonException("the answer is empty");
        return ((string?)part["data"] ?? "", (long?)part["offset"] ?? 0);
    }

    private static SandboxItem Entry(JsonObject entry)
    {
        var mode = (string?)entry["mode"] ?? "";
        return new SandboxItem(
            ((string?)entry["path"] ?? "").Split('/')[^1], mode.StartsWith('d'), (long?)entry["size"] ?? 0, mode,
            entry["mtime"] is { } changed ? DateTimeOffset.FromUnixTimeSeconds((long)(double)changed) : null);
    }
}

/// <summary>A file or directory of a sandbox.</summary>
internal sealed record SandboxItem(string Name, bool IsDirectory, long Size, string Mode, DateTimeOffset? Changed);
