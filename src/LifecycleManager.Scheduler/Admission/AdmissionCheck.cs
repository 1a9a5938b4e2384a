using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Scheduler.Admission;

/// <summary>Something of a definition that rules do not admit.</summary>
/// <param name="App">The app or pod.</param>
/// <param name="Path">Where it stands in the definition.</param>
/// <param name="Message">What is not admitted, and by which rule.</param>
public sealed record AdmissionFinding(string App, string Path, string Message);

/// <summary>What a scheduler would say of definitions, told without one.</summary>
public static class AdmissionCheck
{
    /// <summary>Holds a definition to rules.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="definition">An app, a pod, a group, or a list of apps and pods.</param>
    /// <param name="role">The scheduler's role, which definitions have that name none.</param>
    /// <param name="user">As whom tasks run whose app names nobody; empty where the agent decides.</param>
    /// <returns>What was looked at, and what of it is not admitted.</returns>
    /// <exception cref="FormatException">It is no valid definition; the message says where.</exception>
    public static (IReadOnlyList<string> Apps, IReadOnlyList<AdmissionFinding> Findings) Run(
        AdmissionRules rules, JsonNode definition, string role, string user)
    {
        try
        {
            var stated = Definitions(definition, new DefinitionRules { Role = role }).ToList();
            var judge = AppAdmission.Judge(rules, user);
            return ([.. stated.Select(app => app.App.Id.Path)],
                [.. stated.SelectMany(app => judge(app.App).Select(problem =>
                    new AdmissionFinding(app.App.Id.Path, app.Path + problem.Path, problem.Message)))]);
        }
        catch (Exception e) when (e is ChangeRefusedException or MalformedJsonException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static IEnumerable<(string Path, AppDefinition App)> Definitions(JsonNode definition, DefinitionRules rules) =>
        definition is JsonArray many
            ? many.SelectMany((one, index) => One(one ?? new JsonObject(), rules)
                .Select(app => ($"({index}){app.Path}", app.App)))
            : One(definition, rules);

    private static IEnumerable<(string Path, AppDefinition App)> One(JsonNode definition, DefinitionRules rules)
    {
        ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes(definition.ToJsonString());
        var names = (definition as JsonObject)?.Select(field => field.Key).ToHashSet(StringComparer.Ordinal) ?? [];
        if (names.Contains("containers")) return [("", PodDefinitions.Create(PodDefinitions.ReadPod(body), AppId.Root, rules))];
        return names.Overlaps(["apps", "groups", "pods"]) ? Group(AppDefinitions.ReadGroup(body), rules)
            : [("", AppDefinitions.Create(AppDefinitions.ReadApp(body), AppId.Root, rules))];
    }

    private static IEnumerable<(string Path, AppDefinition App)> Group(Group group, DefinitionRules rules)
    {
        var id = group.Id is { Length: > 0 } text ? AppId.Resolve(text, AppId.Root) : AppId.Root;
        var paths = GroupUpdates.Paths(id, group);
        return GroupUpdates.Apply(GroupDefinition.Empty, id, group, rules).AllApps
            .Select(app => (paths.GetValueOrDefault(app.Id, ""), app));
    }
}
