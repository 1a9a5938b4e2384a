using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Definitions.Pods;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions;

/// <summary>
/// Every field of Marathon's definitions, 0.8 to 1.11, with what becomes of it: each is posted with something that it says, and
/// the table that people read is made of what comes.
/// </summary>
public sealed class MarathonFieldsTests
{
    private const string Page = "src/README.md";
    private const string Heading = "\n## Marathon's fields\n";
    private const string Honoured = "honoured";
    private const int Width = 140;
    private static readonly DefinitionRules Rules = new() { Role = "shop" };

    /// <summary>What each is posted in.</summary>
    private static readonly Dictionary<string, string> Bases = new()
    {
        ["app"] = """{"id":"/a","cmd":"x"}""",
        ["bare"] = """{"id":"/a"}""",
        ["docker"] = """{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i"}}}""",
        ["bridge"] =
            """{"id":"/a","networks":[{"mode":"container/bridge"}],"container":{"docker":{"image":"i"},"portMappings":[{}]}}""",
        ["named"] = """{"id":"/a","networks":[{"mode":"container","name":"n"}],"container":{"docker":{"image":"i"}}}""",
        ["fetch"] = """{"id":"/a","cmd":"x","fetch":[{"uri":"http://h/f"}]}""",
        ["old bridge"] = """{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"BRIDGE"}}}""",
        ["parameter"] =
            """{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","parameters":[{"key":"init","value":"true"}]}}}""",
        ["volume"] =
            """
            {"id":"/a","container":{"type":"DOCKER","docker":{"image":"i"},
             "volumes":[{"containerPath":"/d","hostPath":"/h","mode":"RW"}]}}
            """,
        ["command"] = """{"id":"/a","cmd":"x","healthChecks":[{"protocol":"COMMAND","command":{"value":"x"}}]}""",
        ["ready"] =
            """{"id":"/a","cmd":"x","portDefinitions":[{"name":"p"},{"name":"q"}],"readinessChecks":[{"portName":"p"}]}""",
        ["address"] = """{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i"}},"ipAddress":{"networkName":"n"}}""",
        ["spread"] =
            """
            {"id":"/p","containers":[{"name":"c","exec":{"command":{"shell":"x"}}}],
             "scheduling":{"placement":{"constraints":[{"fieldName":"@hostname","operator":"MAX_PER","value":"2"}]}}}
            """,
        ["checked"] =
            """
            {"id":"/p","containers":[{"name":"c","exec":{"command":{"shell":"x"}},"endpoints":[{"name":"e"},{"name":"f"}],
             "healthCheck":{"http":{"endpoint":"e"}}}]}
            """,
        ["mount"] =
            """
            {"id":"/p","volumes":[{"name":"v","host":"/h"},{"name":"w","host":"/h"}],
             "containers":[{"name":"c","image":{"kind":"DOCKER","id":"i"},"volumeMounts":[{"name":"v","mountPath":"/m"}]}]}
            """,
        ["no id"] = "{}",
        ["pod"] = """{"id":"/p","containers":[{"name":"c","exec":{"command":{"shell":"x"}},"endpoints":[{"name":"e"}]}]}""",
        ["image"] = """{"id":"/p","containers":[{"name":"c","image":{"kind":"DOCKER","id":"i"}}]}""",
        ["group"] = """{"id":"/g"}""",
    };

    [Fact]
    public void The_table_that_people_read_is_made_from_the_code()
    {
        var fields = Samples().Select(sample => (sample.Field, Outcome: Outcome(sample))).ToList();
        var honoured = fields.Where(field => field.Outcome == Honoured).GroupBy(field => field.Field.Split('.')[0])
            .Select(kind => $"{kind.Key}: "
                + string.Join(", ", kind.Select(field => $"`{field.Field[(kind.Key.Length + 1)..]}`")) + ".");
        var wanted = string.Join('\n',
        [
            "", Wrapped("What becomes of each field of a definition, made by `MarathonFieldsTests`, which posts each of them. What says "
                + "nothing (`null`; of what is refused here also `false`, `[]` and `{}`) is taken. *Honoured* (carried out and "
                + "shown, old notations as today's):"), "",
            .. honoured.Select(kind => Wrapped("- " + kind, "  ")), "",
            "The rest; *passed over* is what is of answers alone, taken and of no effect, as in Marathon.", "",
            "| field | |", "| --- | --- |",
            .. fields.Where(field => field.Outcome != Honoured).Select(field => $"| `{field.Field}` | {field.Outcome} |"), "",
        ]);
        var text = File.ReadAllText(Repository.Path(Page)).ReplaceLineEndings("\n");
        var begin = text.IndexOf(Heading, StringComparison.Ordinal) + Heading.Length;
        var end = text.IndexOf("\n## ", begin, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("LCM_WRITE_TABLES") is { Length: > 0 })
            File.WriteAllText(Repository.Path(Page), text[..begin] + wanted + text[end..]);
        Assert.Equal(wanted, text[begin..end]);
    }

    /// <summary>No field that the code knows is left out.</summary>
    [Fact]
    public void Every_field_that_the_code_knows_is_in_the_table()
    {
        var named = Samples().Select(sample => sample.Field.Split('.')[^1]).ToHashSet(StringComparer.Ordinal);
        var known = Reached(typeof(App)).Concat(Reached(typeof(Pod))).Append(typeof(Group)).Distinct()
            .SelectMany(type => MarathonJson.Default.GetTypeInfo(type)!.Properties.Select(property => property.Name)
                .Concat(FieldNotes.AllUnsupported.Keys.Where(key => key.Type == type).Select(key => key.Name))
                .Where(name => type != typeof(App) || name != "pod"));
        Assert.Empty(known.Distinct().Except(named).Order());
    }

    private static string Wrapped(string text, string indent = "")
    {
        var (wrapped, line) = (new StringBuilder(), 0);
        foreach (var word in text.Split(' '))
        {
            if (line > 0 && line + word.Length > Width)
            {
                wrapped.Append('\n').Append(indent);
                line = indent.Length;
            }
            else if (line > 0)
            {
                wrapped.Append(' ');
            }

            wrapped.Append(word);
            line += word.Length + 1;
        }

        return wrapped.ToString();
    }

    private static IEnumerable<(string Field, string Base, string Value)> Samples()
    {
        foreach (var line in File.ReadLines(Repository.Path(
            "tests/LifecycleManager.Scheduler.Core.Tests/Definitions/Samples/marathon-fields.txt")))
        {
            var parts = line.Split('\t');
            if (parts.Length == 3) yield return (parts[0], parts[1], parts[2]);
            else Assert.Fail($"'{line}' is no field, base and value");
        }
    }

    private static string Outcome((string Field, string Base, string Value) sample)
    {
        var (before, after) = (JsonNode.Parse(Bases[sample.Base])!, JsonNode.Parse(Bases[sample.Base])!);
        Set(after.AsObject(), [.. sample.Field.Split('.').Skip(1)], JsonNode.Parse(sample.Value));
        try
        {
            var (was, @is) = (sample.Base == "bare" ? "" : Shown(sample.Field, before), Shown(sample.Field, after));
            return was == @is ? "passed over" : Honoured;
        }
        catch (ChangeRefusedException refused)
        {
            return $"refused with `{refused.Problems[0].Path}: {refused.Problems[0].Message}`";
        }
    }

    /// <summary>Sets a field, in the first item of a list on its way.</summary>
    private static void Set(JsonObject root, string[] path, JsonNode? value)
    {
        var at = root;
        foreach (var name in path[..^1])
        {
            if (name.EndsWith("[]", StringComparison.Ordinal))
            {
                var list = (JsonArray)(at[name[..^2]] ??= new JsonArray());
                if (list.Count == 0) list.Add(new JsonObject());
                at = list[0]!.AsObject();
            }
            else at = (JsonObject)(at[name] ??= new JsonObject());
        }

        at[path[^1]] = value;
    }

    private static string Shown(string field, JsonNode json)
    {
        var body = Encoding.UTF8.GetBytes(json.ToJsonString());
        switch (field.Split('.')[0])
        {
            case "App":
                return JsonSerializer.Serialize(
                    AppDefinitions.Create(AppDefinitions.ReadApp(body), AppId.Root, Rules).Wire, MarathonJson.Default.App);
            case "Pod":
                return JsonSerializer.Serialize(
                    PodNotation.Shown(PodDefinitions.Create(PodDefinitions.ReadPod(body), AppId.Root, Rules)),
                    MarathonJson.Default.Pod);
            default:
                var group = AppDefinitions.ReadGroup(body);
                var tree = GroupDefinition.Empty.PutApp(AppDefinitions.Create(
                    new App { Id = "/g/old", Cmd = "x" }, AppId.Root, Rules));

                // Taken back to by the handler, with the tree of that version.
                return group.Version is not null ? "taken back"
                    : group.Id + JsonSerializer.Serialize(
                        GroupNotation.Shown(GroupUpdates.Apply(tree, new AppId("/g"), group, Rules)),
                        MarathonJson.Default.Group);
        }
    }

    private static HashSet<Type> Reached(Type root)
    {
        var found = new HashSet<Type>();
        Add(root);
        return found;

        void Add(Type type)
        {
            var info = MarathonJson.Default.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
            if (info?.ElementType is { } element) Add(element);
            if (info is not { Kind: JsonTypeInfoKind.Object } || !found.Add(type)) return;
            foreach (var property in info.Properties)
                if (!FieldNotes.IsOfAnswers(type, property.Name)) Add(property.PropertyType);
        }
    }
}
