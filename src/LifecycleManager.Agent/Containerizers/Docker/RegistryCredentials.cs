using System.Text;
using System.Text.Json;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Runtime;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>
/// Credentials for pulls, in Docker's own <c>config.json</c>: of the task, where its artifacts brought
/// <c>.docker/config.json</c> or <c>.dockercfg</c> into its sandbox (Marathon's way), else of the agent.
/// </summary>
internal static class RegistryCredentials
{
    private const string DockerHub = "https://index.docker.io/v1/";
    private const int MaxFile = 1024 * 1024;

    /// <summary>Finds the credentials for a registry; an empty one when there are none.</summary>
    /// <param name="registry">Its host, as in an image's name.</param>
    /// <param name="sandbox">The task's sandbox.</param>
    /// <param name="agentFile">The agent's own file, or null.</param>
    /// <param name="log">Told of files that cannot be used; never of what is in them.</param>
    public static AuthConfig Find(string registry, string sandbox, string? agentFile, ILogger log)
    {
        foreach (var name in (string?[])[".docker/config.json", ".dockercfg", null])
        {
            var path = name is null ? agentFile : Path.Combine(sandbox, name);
            try
            {
                if (path is null || (name is null ? OfAgent(path) : OfTask(sandbox, name)) is not { } text) continue;
                if (Parse(text, registry) is { } found) return found;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException
                or InvalidDataException)
            {
                log.LogWarning("The credentials in {Path} cannot be used: {Reason}", path, e is JsonException or FormatException
                    ? "they are not Docker's" : e.Message);
            }
        }

        return new AuthConfig();
    }

    /// <summary>The agent's own file: stated, else Docker's.</summary>
    public static string? AgentFile(string? stated)
    {
        if (stated is not null) return stated;
        var directory = Environment.GetEnvironmentVariable("DOCKER_CONFIG")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker");
        return Path.Combine(directory, "config.json");
    }

    /// <summary>
    /// Reads <c>{"auths": {"HOST": {"auth": "base64 of user:password"}}}</c>, or the same without <c>auths</c>.
    /// </summary>
    public static AuthConfig? Parse(string json, string registry)
    {
        using var document = JsonDocument.Parse(json);
        var auths = document.RootElement.TryGetProperty("auths", out var inner) ? inner : document.RootElement;
        if (auths.ValueKind != JsonValueKind.Object) return null;
        foreach (var entry in auths.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Object || !Matches(entry.Name, registry)) continue;
            var auth = new AuthConfig { ServerAddress = registry == "docker.io" ? DockerHub : registry };
            if (Text(entry.Value, "identitytoken") is { } token) auth.IdentityToken = token;
            if (Text(entry.Value, "auth") is { } packed)
            {
                var plain = Encoding.UTF8.GetString(Convert.FromBase64String(packed));
                var colon = plain.IndexOf(':', StringComparison.Ordinal);
                if (colon < 0) throw new FormatException("auth is not user:password");
                (auth.Username, auth.Password) = (plain[..colon], plain[(colon + 1)..]);
            }
            else
            {
                auth.Username = Text(entry.Value, "username");
                auth.Password = Text(entry.Value, "password");
            }

            return auth;
        }

        return null;
    }

    private static string? OfAgent(string path)
    {
        if (!File.Exists(path)) return null;
        if (new FileInfo(path).Length > MaxFile) throw new InvalidDataException("it is too long");
        return RegularFile.ReadAllText(path);
    }

    // The agent may read what the task's user may not: no link leads it there.
    private static string? OfTask(string sandbox, string name)
    {
        if (!Directory.Exists(sandbox)) return null;
        using var tree = SandboxTree.Open(sandbox);
        using var file = tree.OpenRead(name);
        if (file is null) return null;
        if (file.Length > MaxFile) throw new InvalidDataException("it is too long");
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private static bool Matches(string stated, string registry)
    {
        var host = stated;
        foreach (var scheme in new[] { "https://", "http://" })
        {
            if (host.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) host = host[scheme.Length..];
        }

        host = host.Split('/')[0];
        return string.Equals(host, registry, StringComparison.OrdinalIgnoreCase)
            || (registry == "docker.io" && host is "index.docker.io" or "registry-1.docker.io");
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 } text ? text : null;
}
