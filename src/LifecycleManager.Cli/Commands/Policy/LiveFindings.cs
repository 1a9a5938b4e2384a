using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary>What a running manager finds in policy files, beside the apps of its target.</summary>
internal static class LiveFindings
{
    /// <summary>Asks it.</summary>
    /// <param name="manager">The manager.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="paths">The files and directories that are checked.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Its findings, without those that a check finds by itself.</returns>
    /// <exception cref="CliException">It cannot be asked, or refuses.</exception>
    public static async Task<IReadOnlyList<PolicyProblem>> AskAsync(
        Uri manager, Caller caller, IEnumerable<string> paths, CancellationToken stop)
    {
        var files = new JsonObject();
        foreach (var path in paths.SelectMany(path => DiskFiles.Instance.Find(path) ?? []).Distinct())
        {
            if (!PolicyDirectory.IsPolicyFile(path) && !path.EndsWith(".ics", StringComparison.OrdinalIgnoreCase)) continue;
            try
            {
                files[path] = DiskFiles.Instance.Read(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The check of the files themselves says so.
            }
        }

        if (files.Count == 0) return [];
        using var endpoint = new Endpoint("manager", "--manager", [manager], caller, ExplainCommand.Patience);
        try
        {
            var answer = await endpoint.SendAsync(HttpMethod.Post, "/v1/policies/check",
                new JsonObject { ["files"] = files, ["live"] = true }, stop);
            return
            [
                .. (answer?["problems"]?.AsArray() ?? []).OfType<JsonObject>()
                    .Where(problem => LiveCheck.Codes.Contains((string?)problem["code"]))
                    .Select(problem => new PolicyProblem((string)problem["file"]!, (int)problem["line"]!, (int)problem["column"]!,
                        PolicySeverity.Warning, (string)problem["message"]!, (string?)problem["suggestion"],
                        (string)problem["code"]!)),
            ];
        }
        catch (CliException e)
        {
            // The tools of policies have exit codes of their own.
            throw new CliException(e.Message, e);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new CliException($"{manager}: what it answers is no check: is it a manager of this version?", e);
        }
    }
}
