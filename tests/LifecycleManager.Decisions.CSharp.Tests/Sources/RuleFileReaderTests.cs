using LifecycleManager.Decisions.CSharp.Sources;

namespace LifecycleManager.Decisions.CSharp.Tests.Sources;

/// <summary>Which files are rules, and which of them can be read.</summary>
public sealed class RuleFileReaderTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("rules").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Theory]
    [InlineData("rules/shop.cs", true)]
    [InlineData("rules/shop.DLL", true)]
    [InlineData("rules/.shop.cs", false)]
    [InlineData("rules/shop.yml", false)]
    [InlineData("rules/shop.csproj", false)]
    public void A_rule_file_is_one_by_its_name(string path, bool isRule) => Assert.Equal(isRule, RuleFile.IsRuleFile(path));

    [Fact]
    public void More_files_than_there_may_be_are_told()
    {
        for (var i = 0; i <= RuleFile.MaxFiles; i++) File.WriteAllText(Path.Combine(_path, $"r{i:000}.cs"), "// nothing");
        var files = new RuleFileReader(_path).Read();
        Assert.Equal("501 rule files are more than 500", Assert.Single(files.Problems).Message);
    }

    [Fact]
    public void An_empty_file_and_a_link_that_leads_nowhere_are_told()
    {
        File.WriteAllText(Path.Combine(_path, "a.cs"), "");
        File.CreateSymbolicLink(Path.Combine(_path, "b.cs"), Path.Combine(_path, "nowhere.cs"));
        var files = new RuleFileReader(_path).Read();
        Assert.Empty(files.Files);
        Assert.Equal(["a.cs", "b.cs"], files.Problems.Select(problem => Path.GetFileName(problem.Place.File)));
        Assert.All(files.Problems, problem => Assert.Equal("unreadable", problem.Code));
    }

    [Fact]
    public void A_directory_without_any_file_is_bare()
    {
        Directory.CreateDirectory(Path.Combine(_path, "sub"));
        Assert.True(new RuleFileReader(_path).Read().IsBare);
        File.WriteAllText(Path.Combine(_path, "sub/policy.yml"), "policy: x");
        Assert.False(new RuleFileReader(_path).Read().IsBare);
    }
}
