/*
 * assign_lemon.cpp
 *		The same assignment problem solved by LEMON, to compare with assign().
 *
 * For the benchmark and for tests; no part of the extension. Needs Debian's
 * liblemon-dev:
 *
 *		g++ -O2 -o assign_lemon assign_lemon.cpp -llemon
 *		./assign_lemon cost_scaling < instance
 *
 * Input, numbers divided by blanks, commas or line ends:
 *
 *		customers agents
 *		capacity				of each agent 0 .. agents - 1
 *		customer agent value	of each edge, until the end
 *
 * Most customers are served, then the value is highest: a customer who is not
 * served costs more than all values can differ by along a cycle. Values are
 * integers, |value| * (agents + 2) below 2^50 or so.
 *
 * Output: served, value, seconds to build the graph, seconds to solve. The
 * argument is cost_scaling (the default, LEMON's fastest here), network_simplex
 * or capacity_scaling.
 */
#include <lemon/capacity_scaling.h>
#include <lemon/cost_scaling.h>
#include <lemon/network_simplex.h>
#include <lemon/static_graph.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

typedef lemon::StaticDigraph Graph;
typedef std::chrono::steady_clock Clock;

/* Skips what divides numbers; false at the end of the input. */
static bool
ReadNumber(int64_t *x)
{
	int			c = getchar_unlocked();
	bool		negative = false;

	while (c == ' ' || c == ',' || c == '\n' || c == '\r' || c == '\t')
		c = getchar_unlocked();
	if (c == EOF)
		return false;
	if (c == '-')
	{
		negative = true;
		c = getchar_unlocked();
	}
	if (c < '0' || c > '9')
	{
		fprintf(stderr, "not an integer\n");
		exit(1);
	}
	for (*x = 0; c >= '0' && c <= '9'; c = getchar_unlocked())
		*x = *x * 10 + (c - '0');
	if (negative)
		*x = -*x;
	return true;
}

static int64_t
Required()
{
	int64_t		x;

	if (!ReadNumber(&x))
	{
		fprintf(stderr, "the input ends early\n");
		exit(1);
	}
	return x;
}

struct Instance
{
	int			n_customers;
	int			n_agents;
	std::vector<int64_t> capacity;
	std::vector<std::pair<int, int>> edges;
	std::vector<int64_t> value;
};

static void
Read(Instance *in)
{
	int64_t		customer;

	in->n_customers = Required();
	in->n_agents = Required();
	for (int i = 0; i < in->n_agents; i++)
		in->capacity.push_back(Required());
	while (ReadNumber(&customer))
	{
		int			agent = Required();

		if (customer < 0 || customer >= in->n_customers || agent < 0 || agent >= in->n_agents)
		{
			fprintf(stderr, "an edge of unknown ends\n");
			exit(1);
		}
		in->edges.push_back({customer, agent});
		in->value.push_back(Required());
	}
}

static double
Seconds(Clock::time_point since)
{
	return std::chrono::duration<double>(Clock::now() - since).count();
}

/*
 * Nodes: customers, agents, none, sink. Arcs: edges, one of each customer to
 * none, agents to the sink, none to the sink.
 */
template <typename Solver>
static void
Solve(const Instance &in, int64_t penalty)
{
	int			none = in.n_customers + in.n_agents;
	int			sink = none + 1;
	Clock::time_point start = Clock::now();
	std::vector<std::pair<int, int>> ends;
	size_t		n_edges = in.edges.size();
	Graph		graph;

	/* the graph wants arcs by their sources */
	std::vector<size_t> first(in.n_customers + 1, 0);
	std::vector<size_t> order(n_edges);
	for (auto &edge : in.edges)
		first[edge.first + 1]++;
	for (int i = 0; i < in.n_customers; i++)
		first[i + 1] += first[i];
	std::vector<size_t> next(first);
	for (size_t e = 0; e < n_edges; e++)
		order[next[in.edges[e].first]++] = e;
	for (int i = 0; i < in.n_customers; i++)
	{
		for (size_t e = first[i]; e < first[i + 1]; e++)
			ends.push_back({i, in.n_customers + in.edges[order[e]].second});
		ends.push_back({i, none});
	}
	for (int j = 0; j <= in.n_agents; j++)
		ends.push_back({in.n_customers + j, sink});
	graph.build(sink + 1, ends.begin(), ends.end());

	Graph::ArcMap<int> upper(graph, 1);
	Graph::ArcMap<int64_t> cost(graph, 0);
	Graph::NodeMap<int> supply(graph, 0);
	int			a = 0;

	for (int i = 0; i < in.n_customers; i++)
	{
		supply[graph.node(i)] = 1;
		for (size_t e = first[i]; e < first[i + 1]; e++)
			cost[graph.arc(a++)] = -in.value[order[e]];
		cost[graph.arc(a++)] = penalty;
	}
	for (int j = 0; j < in.n_agents; j++)
		upper[graph.arc(a++)] = std::min<int64_t>(in.capacity[j], in.n_customers);
	upper[graph.arc(a)] = in.n_customers;
	supply[graph.node(sink)] = -in.n_customers;

	Solver		solver(graph);
	double		build = Seconds(start);
	int64_t		unserved;

	solver.upperMap(upper).costMap(cost).supplyMap(supply);
	start = Clock::now();
	if (solver.run() != Solver::OPTIMAL)
	{
		fprintf(stderr, "no optimum\n");
		exit(1);
	}
	unserved = solver.flow(graph.arc(a));
	printf("%lld %lld %.3f %.3f\n", (long long) (in.n_customers - unserved),
		   (long long) (unserved * penalty - solver.template totalCost<int64_t>()), build, Seconds(start));
}

int
main(int argc, char **argv)
{
	const char *method = argc > 1 ? argv[1] : "cost_scaling";
	Instance	in;
	int64_t		largest = 0;
	int64_t		penalty;

	Read(&in);
	for (int64_t value : in.value)
		largest = std::max(largest, value < 0 ? -value : value);
	penalty = (2 * largest + 1) * (in.n_agents + 2);
	if (strcmp(method, "network_simplex") == 0)
		Solve<lemon::NetworkSimplex<Graph, int, int64_t>>(in, penalty);
	else if (strcmp(method, "capacity_scaling") == 0)
		Solve<lemon::CapacityScaling<Graph, int, int64_t>>(in, penalty);
	else
		Solve<lemon::CostScaling<Graph, int, int64_t>>(in, penalty);
	return 0;
}
