using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Runtime.Documents;
using YamlDotNet.Core;

namespace LifecycleManager.Security.Admission;

/// <summary>The notation of rules of admission, in YAML or JSON. What is not known is refused, never passed over.</summary>
internal static class AdmissionFile
{
    private const int MaxRules = 1000;

    private static readonly string[] Top = ["rules", "schedulers"];

    private static readonly string[] OfRule =
    [
        "name", "apps", "roles", "level", "privileged", "hostNetwork", "fileArtifacts", "volumes", "parameters", "users",
        "containerUsers", "images",
    ];

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="FormatException">It is not what it should be; the message says where.</exception>
    public static AdmissionRules Parse(string text)
    {
        var file = Object(Document(text), "", Top);
        if (file["rules"] is not JsonArray { Count: > 0 and <= MaxRules } stated)
            throw new FormatException($"rules: a list of 1 to {MaxRules} rules is needed");
        var rules = stated.Select((rule, index) => Rule(rule, $"rules[{index}]")).ToList();
        for (var index = 0; index < rules.Count; index++)
        {
            if (rules.FindIndex(rule => rule.Name == rules[index].Name) is var first && first < index)
                throw new FormatException($"rules[{index}].name: '{rules[index].Name}' is the name of rules[{first}] already");
        }

        return new AdmissionRules(rules, Texts(file, "schedulers", "") ?? []);
    }

    private static JsonNode? Document(string text)
    {
        try
        {
            return text.AsSpan().TrimStart() is ['{', ..]
                ? JsonNode.Parse(text, documentOptions: new JsonDocumentOptions
                {
                    AllowDuplicateProperties = false,
                    AllowTrailingCommas = true,
                    CommentHandling = JsonCommentHandling.Skip,
                })
                : YamlJson.Read(text);
        }
        catch (YamlException e)
        {
            throw new FormatException($"it is no YAML: line {e.Start.Line}, column {e.Start.Column}: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new FormatException($"it is no JSON: line {(e.LineNumber ?? 0) + 1}, {e.Path}", e);
        }
    }

    private static AdmissionRule Rule(JsonNode? node, string at)
    {
        var stated = Object(node, at, OfRule);
        if (Text(stated, "name", at) is not { Length: > 0 and <= 100 } name || name.Any(char.IsControl))
            throw new FormatException($"{at}.name: a name of 1 to 100 characters is needed, since refusals have it");
        var apps = Texts(stated, "apps", at);
        if (apps?.FirstOrDefault(pattern => !pattern.StartsWith('/')) is { } wrong)
            throw new FormatException(
                $"{at}.apps: '{wrong}' must begin with a slash, such as /shop/** for a group and all below");
        var roles = Texts(stated, "roles", at);
        if (roles?.Select(RolePattern.WhyInvalid).FirstOrDefault(problem => problem is not null) is { } problem)
            throw new FormatException($"{at}.roles: {problem}");
        return new AdmissionRule { Name = name, Apps = apps, Roles = roles, Limits = Limits(stated, at) };
    }

    private static AdmissionLimits Limits(JsonObject stated, string at)
    {
        var word = Text(stated, "level", at) ?? "baseline";
        var level = AdmissionLevels.Find(word)
            ?? throw new FormatException($"{at}.level: '{word}' must be privileged, baseline or restricted");
        if (level.IsOpen)
        {
            return OfRule.Skip(4).FirstOrDefault(stated.ContainsKey) is { } needless
                ? throw new FormatException(
                    $"{at}.{needless}: the level 'privileged' admits everything; choose another to set limits")
                : level;
        }

        var volumes = Texts(stated, "volumes", at);
        if (volumes?.FirstOrDefault(pattern => !pattern.StartsWith('/')) is { } wrong)
            throw new FormatException($"{at}.volumes: '{wrong}' must be an absolute path of the machine, or a pattern of some");
        return level with
        {
            Privileged = Flag(stated, "privileged", at) ?? level.Privileged,
            HostNetwork = Flag(stated, "hostNetwork", at) ?? level.HostNetwork,
            FileArtifacts = Flag(stated, "fileArtifacts", at) ?? level.FileArtifacts,
            Volumes = volumes ?? level.Volumes,
            Parameters = Texts(stated, "parameters", at) ?? level.Parameters,
            Users = Texts(stated, "users", at) ?? level.Users,
            ContainerUsers = Texts(stated, "containerUsers", at) ?? level.ContainerUsers,
            Images = Texts(stated, "images", at) ?? level.Images,
        };
    }

    private static JsonObject Object(JsonNode? node, string at, string[] known)
    {
        if (node is not JsonObject stated)
            throw new FormatException(at.Length == 0 ? "it holds no rules: 'rules' with a list is needed"
                : $"{at}: a rule is needed");
        foreach (var (name, _) in stated)
        {
            if (!known.Contains(name))
                throw new FormatException($"{Join(at, name)}: is not known{NearestName.Hint(name, known)}");
        }

        return stated;
    }

    private static string? Text(JsonObject stated, string name, string at) => !stated.TryGetPropertyValue(name, out var node)
        ? null
        : node is JsonValue value && value.TryGetValue<string>(out var text) ? text
        : throw new FormatException($"{Join(at, name)}: a text is needed");

    private static bool? Flag(JsonObject stated, string name, string at) => !stated.TryGetPropertyValue(name, out var node) ? null
        : node is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag
        : throw new FormatException($"{Join(at, name)}: true or false is needed");

    private static List<string>? Texts(JsonObject stated, string name, string at)
    {
        if (!stated.TryGetPropertyValue(name, out var node)) return null;
        if (node is not JsonArray list) throw new FormatException($"{Join(at, name)}: a list of texts is needed");
        return
        [
            .. list.Select((item, index) => item switch
            {
                JsonValue value when value.TryGetValue<string>(out var text) && text.Length > 0 => text,

                // A user may be a number, as YAML reads one that is not in quotes.
                JsonValue value when value.TryGetValue<long>(out var number) => $"{number}",
                _ => throw new FormatException($"{Join(at, name)}[{index}]: a text is needed"),
            }),
        ];
    }

    private static string Join(string at, string name) => at.Length == 0 ? name : $"{at}.{name}";
}
