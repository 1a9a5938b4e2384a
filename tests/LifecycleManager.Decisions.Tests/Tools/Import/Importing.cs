using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tests.Engine;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>One run of <c>lcm policy import</c> on a text.</summary>
internal sealed record Importing(int Code, string Output, string Error)
{
    public static Importing Of(string name, string text)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = PolicyImport.Run([name], output, error, new MemoryFiles([new(name, text)]));
        return new Importing(code, output.ToString(), error.ToString());
    }

    /// <summary>The one policy.</summary>
    public Policy Policy
    {
        get
        {
            var file = PolicyParser.Parse("p.yml", Output);
            Assert.Equal([], file.Problems.Where(problem => problem.Severity == PolicySeverity.Error)
                .Select(problem => problem.ToString()));
            return Assert.Single(file.Policies);
        }
    }

    /// <summary>The policies without comments.</summary>
    public string Text => string.Join('\n', Output.Split('\n').Where(line => !line.StartsWith('#')));

    /// <summary>What was lost, without its file.</summary>
    public List<string> Lost => Error.Split('\n').Where(line => line.Contains(": lost: ", StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]).ToList();

    /// <summary>The policy at work on an app of so many instances.</summary>
    public Cluster At(int instances) =>
        new(Text.Replace($"app: {Policy.App.Text}", $"app: {Cluster.App}", StringComparison.Ordinal), instances);

    /// <summary>Asserts that one thing was lost, at a place, and that the code says so.</summary>
    public Importing Loses(string place, string about)
    {
        Assert.True(Lost.Exists(line => line.StartsWith(place + ": lost: ", StringComparison.Ordinal)
            && line.Contains(about, StringComparison.Ordinal)), $"{place} {about} is not in\n{Error}");
        Assert.Equal(1, Code);
        return this;
    }

    public Importing LosesNothing()
    {
        Assert.Equal([], Lost);
        Assert.True(Code == 0, Error);
        return this;
    }
}
