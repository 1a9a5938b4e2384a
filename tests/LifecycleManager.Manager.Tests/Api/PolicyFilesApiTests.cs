using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

/// <summary>Policy files are written where that is allowed, as they were read, and good; nothing else is reached.</summary>
public sealed class PolicyFilesApiTests : IAsyncLifetime
{
    private const string Files = "/v1/policies/files";
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;
    private ManagerUnderTest _manager = null!;

    private string Search => Path.Combine(_rules, "search.yml");

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        await File.WriteAllTextAsync(Search, TermUnderTest.Search);
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.test.yml"), "tests: []");
        _manager = await ManagerUnderTest.StartAsync(
            _marathon.Address, _backend, new FakeMetrics(), _rules, options => options with { RulesWritable = true });
        await _manager.LeadsAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Fact]
    public async Task A_file_is_read_changed_and_in_force_and_the_audit_says_so()
    {
        var list = await _manager.GetAsync(Files);
        Assert.Equal("search.test.yml search.yml", string.Join(' ', list.GetProperty("files").EnumerateArray()));
        Assert.True(list.GetProperty("writable").GetBoolean());
        var (text, tag) = await ReadAsync("search.yml");
        Assert.Equal(TermUnderTest.Search, text);

        var (status, answer) = await PutAsync("search.yml", text.Replace("max: ", "max: 1"), tag);

        Assert.True(status == HttpStatusCode.OK, $"{answer}");
        Assert.Equal(text.Replace("max: ", "max: 1"), await File.ReadAllTextAsync(Search));
        Assert.Equal((await ReadAsync("search.yml")).Tag, answer.GetProperty("tag").GetString());
        Assert.StartsWith("1", $"{(await _manager.GetAsync("/v1/policies")).GetProperty("policies")[0].GetProperty("max")}",
            StringComparison.Ordinal);
        var entry = (await _manager.GetAsync("/v1/audit")).GetProperty("entries")[0];
        Assert.Equal(("policy file written", "search.yml"),
            (entry.GetProperty("what").GetString(), entry.GetProperty("subject").GetString()));
        Assert.Equal(["search.test.yml", "search.yml"], Directory.GetFiles(_rules).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task What_has_changed_since_it_was_read_is_not_overwritten_and_is_told()
    {
        var (text, tag) = await ReadAsync("search.yml");
        await File.WriteAllTextAsync(Search, text + "\n# of another\n");

        var (status, answer) = await PutAsync("search.yml", text + "\n# mine\n", tag);

        Assert.Equal(HttpStatusCode.PreconditionFailed, status);
        Assert.EndsWith("# of another\n", answer.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal((await ReadAsync("search.yml")).Tag, answer.GetProperty("tag").GetString());
        Assert.EndsWith("# of another\n", await File.ReadAllTextAsync(Search), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.PreconditionRequired, (await PutAsync("search.yml", text, null)).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await PutAsync("search.yml", text, "*")).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await PutAsync("gone.yml", text, tag)).Status);
        Assert.False(File.Exists(Path.Combine(_rules, "gone.yml")));
    }

    [Theory]
    [InlineData("tpm > 10", "tpn > 10", "tpn")]
    [InlineData("app: /brownfield/search", "app: '", "")]
    public async Task What_a_manager_would_refuse_is_refused_whole_with_its_places(string old, string @new, string said)
    {
        var (text, tag) = await ReadAsync("search.yml");

        var (status, answer) = await PutAsync("search.yml", text.Replace(old, @new), tag);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        var problem = answer.GetProperty("problems")[0];
        Assert.Equal("search.yml", problem.GetProperty("file").GetString());
        Assert.Contains(said, problem.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.True(problem.GetProperty("line").GetInt32() >= 1);
        Assert.Equal(text, await File.ReadAllTextAsync(Search));
    }

    [Fact]
    public async Task A_new_file_is_made_and_what_it_does_to_others_counts()
    {
        var other = TermUnderTest.Search.Replace("/brownfield/search", "/other/search");

        // The name of a policy is there once.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PutAsync("other.yml", other, "*")).Status);
        Assert.False(File.Exists(Path.Combine(_rules, "other.yml")));
        var (status, answer) = await PutAsync("other.yml", other.Replace("policy: search", "policy: other"), "*");
        Assert.True(status == HttpStatusCode.Created, $"{answer}");
        Assert.Equal(2, (await _manager.GetAsync("/v1/policies")).GetProperty("policies").GetArrayLength());
    }

    [Theory]
    [InlineData("..%2Fsecret.yml")]
    [InlineData("sub%2F..%2F..%2Fsecret.yml")]
    [InlineData(".hidden.yml")]
    [InlineData("%2Fetc%2Fsecret.yml")]
    [InlineData("a%5Cb.yml")]
    [InlineData("notes.txt")]
    [InlineData("code.cs")]
    [InlineData("a%00.yml")]
    public async Task A_name_leads_nowhere_else(string name)
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync(name, TermUnderTest.Search, "*")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _manager.Client.GetAsync($"{Files}/{name}")).StatusCode);
    }

    [Fact]
    public async Task No_link_is_gone_through()
    {
        var elsewhere = Directory.CreateTempSubdirectory("lcm-elsewhere-").FullName;
        try
        {
            var secret = Path.Combine(elsewhere, "secret.yml");
            await File.WriteAllTextAsync(secret, "a secret");
            File.CreateSymbolicLink(Path.Combine(_rules, "link.yml"), secret);
            Directory.CreateSymbolicLink(Path.Combine(_rules, "sub"), elsewhere);
            foreach (var name in (string[])["link.yml", "sub%2Fsecret.yml"])
            {
                using var read = await _manager.Client.GetAsync($"{Files}/{name}");
                Assert.Equal(HttpStatusCode.Conflict, read.StatusCode);
                Assert.DoesNotContain("a secret", await read.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                Assert.Equal(HttpStatusCode.Conflict, (await PutAsync(name, TermUnderTest.Search, "\"0\"")).Status);
            }

            Assert.Equal(HttpStatusCode.Conflict, (await PutAsync("sub%2Fnew.yml",
                TermUnderTest.Search.Replace("policy: search", "policy: new").Replace("/brownfield/search", "/new"), "*"))
                    .Status);
            Assert.Equal("a secret", await File.ReadAllTextAsync(secret));
            Assert.Equal([secret], Directory.GetFiles(elsewhere));
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Fact]
    public async Task Tests_are_written_as_policies_are_and_what_is_none_is_refused()
    {
        const string Good = "tests:\n- name: it stays\n  app: /brownfield/search\n"
            + "  series: { tpm: '1x9' }\n  expect: [ { at: 30s, instances: 7 } ]\n";
        var (_, tag) = await ReadAsync("search.test.yml");

        // Whether it passes is for whoever runs it.
        var (status, answer) = await PutAsync("search.test.yml", Good, tag);
        Assert.True(status == HttpStatusCode.OK, $"{answer}");
        Assert.Equal(Good, (await ReadAsync("search.test.yml")).Text);
        Assert.Equal("policy test file written",
            (await _manager.GetAsync("/v1/audit")).GetProperty("entries")[0].GetProperty("what").GetString());

        // Another was quicker; what is no test; what is elsewhere, of which nothing is told.
        (status, answer) = await PutAsync("search.test.yml", Good + "# mine\n", tag);
        Assert.Equal((HttpStatusCode.PreconditionFailed, Good), (status, answer.GetProperty("text").GetString()));
        (status, answer) = await PutAsync("new.test.yml", "tests:\n- nme: it stays\n", "*");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("new.test.yml", answer.GetProperty("problems")[0].GetProperty("file").GetString());
        var secret = Path.Combine(Path.GetTempPath(), $"lcm-{Guid.NewGuid():N}.yml");
        await File.WriteAllTextAsync(secret, "a secret: { of: another }\n");
        try
        {
            (status, answer) = await PutAsync("new.test.yml", $"policies: [ {secret} ]\n{Good}", "*");
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
            Assert.DoesNotContain("a secret", $"{answer}", StringComparison.Ordinal);
            Assert.Contains("it is not in the rules directory", $"{answer}", StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(secret);
        }

        Assert.False(File.Exists(Path.Combine(_rules, "new.test.yml")));
    }

    [Fact]
    public async Task Without_the_option_and_where_the_file_system_says_no_nothing_is_written()
    {
        var (text, tag) = await ReadAsync("search.yml");
        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync("none%2Fnew.yml",
            text.Replace("policy: search", "policy: new").Replace("/brownfield/search", "/new"), "*")).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge,
            (await PutAsync("search.yml", new string('x', 1024 * 1024 + 1), tag)).Status);

        await using var backend = await ManagerUnderTest.BackendAsync();
        await using var strict = await ManagerUnderTest.StartAsync(_marathon.Address, backend, new FakeMetrics(), _rules);
        await strict.LeadsAsync();
        Assert.False((await strict.GetAsync(Files)).GetProperty("writable").GetBoolean());
        Assert.Equal(HttpStatusCode.Forbidden, (await PutAsync("search.yml", text, tag, strict)).Status);
        Assert.Equal(text, await File.ReadAllTextAsync(Search));
    }

    private async Task<(string Text, string Tag)> ReadAsync(string name)
    {
        using var answer = await _manager.Client.GetAsync($"{Files}/{name}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadAsStringAsync(), answer.Headers.ETag!.ToString());
    }

    /// <summary>Puts a file where it has a tag; <c>*</c> where there is none yet; null with no condition.</summary>
    private async Task<(HttpStatusCode Status, JsonElement Answer)> PutAsync(
        string name, string text, string? tag, ManagerUnderTest? of = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{Files}/{name}")
        {
            Content = new StringContent(text, Encoding.UTF8, "text/plain"),
        };

        // Who is refused for the size of what he sends, is so before he sends it.
        request.Headers.ExpectContinue = text.Length > 1024 * 1024;
        if (tag is not null) request.Headers.TryAddWithoutValidation(tag == "*" ? "If-None-Match" : "If-Match", tag);
        using var answer = await (of ?? _manager).Client.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, body.StartsWith('{') ? JsonDocument.Parse(body).RootElement : default);
    }
}
