using System.Text.RegularExpressions;

namespace LifecycleManager.Architecture.Tests;

/// <summary>A class is the owner of a few fields, and no file of a larger one.</summary>
public sealed partial class SizesTests
{
    private const int MaxLines = 350;

    /// <summary>What is still larger, with its lines. The list only gets shorter, and its numbers smaller.</summary>
    private static readonly Dictionary<string, int> Known = new()
    {
        // One contract each: what a wire format has.
        ["LifecycleManager.Protocol/Mesos/TaskInfo.cs"] = 352,
        ["LifecycleManager.Protocol/Marathon/App.cs"] = 408,
    };

    [Fact]
    public void A_file_has_few_lines()
    {
        var large = Sources().Select(file => (file.Name, Lines: File.ReadLines(file.Path).Count()))
            .Where(file => file.Lines > MaxLines).ToDictionary(file => file.Name, file => file.Lines);
        Assert.All(large, file => Assert.True(
            Known.TryGetValue(file.Key, out var most) && file.Value <= most,
            $"{file.Key} has {file.Value} lines, more than {most} of {MaxLines}"));
        Assert.All(Known.Keys, name => Assert.True(large.ContainsKey(name), $"{name} is small enough: take it off the list"));
    }

    [Fact]
    public void A_class_is_in_one_file()
    {
        var spread = Sources()
            .SelectMany(file => PartialPattern().Matches(File.ReadAllText(file.Path))
                .Select(match => $"{file.Name.Split('/')[0]}/{match.Groups[1].Value}"))
            .GroupBy(type => type).Where(type => type.Count() > 1).ToDictionary(type => type.Key, type => type.Count());
        Assert.All(spread, type => Assert.Fail($"{type.Key} is spread over {type.Value} files"));
    }

    private static IEnumerable<(string Name, string Path)> Sources()
    {
        var root = Repository.Path("src");
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Name: Path.GetRelativePath(root, path).Replace('\\', '/'), Path: path))
            .Where(file => !file.Name.Contains("/obj/", StringComparison.Ordinal)
                && !file.Name.Contains("/bin/", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^\S.*\bpartial (?:class|record|struct|interface) (\w+)", RegexOptions.Multiline)]
    private static partial Regex PartialPattern();
}
